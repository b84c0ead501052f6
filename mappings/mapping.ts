/**
 * What a mapping says: the declarative definition of one table's move. Data only; the SQL that carries a value out
 * belongs to the converter that the mapping names (`database/converters/`).
 */
import type { ConverterSpec } from './converter-spec';

/** One source column carried into one target column. */
export interface ColumnRule {
  readonly source: string;
  readonly target: string;
  readonly convert: ConverterSpec;
  /** Whether the target takes NULL; a NULL source value is unfit (`value_invalid`) where it does not. */
  readonly nullable?: boolean;
}

/** A source value that names another record, resolved through a lookup table of the target. */
export interface Reference {
  /** Name in reports and in the ledger, e.g. `case`. */
  readonly name: string;
  /** Source column that holds the legacy reference. */
  readonly source: string;
  /** How the legacy reference reads: integers or text. */
  readonly convert: Extract<ConverterSpec, { kind: 'integer' | 'text' }>;
  /** Target table in which `key` equals the legacy reference, and the column that answers. */
  readonly lookup: { readonly table: string; readonly key: string; readonly value: string };
  /** Target column that gets the answer. */
  readonly target: string;
  /** What becomes of a row without exactly one answer: quarantine it, or load it with NULL. */
  readonly missing: 'quarantine' | 'null';
  /** Whether a NULL in the source is a legitimate "none": loaded as NULL, whatever `missing` says. */
  readonly optional?: boolean;
  /** Boolean target column that is set true where the reference is loaded as NULL. */
  readonly flag?: string;
}

/** A source value kept in the lineage under a name of its own. */
export interface LineageValue {
  readonly name: string;
  readonly source: string;
  readonly convert: Extract<ConverterSpec, { kind: 'integer' | 'text' | 'boolean' | 'decimal' }>;
}

export interface Mapping {
  readonly name: string;
  /** The domain it belongs to in the estate's report, e.g. `case lifecycle`. */
  readonly domain: string;
  readonly source: {
    readonly table: string;
    /** Columns of a unique index, in its order. */
    readonly key: readonly string[];
    /** SQL predicate of the source: rows outside it are excluded by rule, and counted. */
    readonly where?: string;
    /** Source columns that are left behind on purpose; a column that is named nowhere is refused. */
    readonly ignored?: readonly string[];
  };
  /** Zone in which the source's DATETIME columns were written, and what to do where it is no answer. */
  readonly time: {
    readonly zone: string;
    /** A wall clock that never was (spring): only `quarantine`, since any instant would be invented. */
    readonly gap: 'quarantine';
    /** A wall clock that was twice (autumn). */
    readonly fold: 'first' | 'second' | 'quarantine';
  };
  /** Deterministic ids: UUIDv5 of this namespace (immutable once used) and the length-prefixed legacy key. */
  readonly id: { readonly namespace: string; readonly target: string };
  readonly target: { readonly schema: string; readonly table: string };
  /** References to business records (resolved by mapCases) and to people (resolved by mapActors). */
  readonly cases: readonly Reference[];
  readonly actors: readonly Reference[];
  readonly columns: readonly ColumnRule[];
  /** A jsonb column of the target that says where the row came from. */
  readonly lineage: {
    readonly target: string;
    readonly values: readonly LineageValue[];
    readonly constants: Readonly<Record<string, string>>;
  };
  /**
   * What a re-sync does with loaded rows that are gone from the source: reports them, marks them with the moment at which that
   * was noticed, in a column of the target that is NULL otherwise, or deletes them. Reports them unless given.
   */
  readonly gone?: { readonly policy: 'report' | 'delete' } | { readonly policy: 'mark'; readonly column: string };
  /** Target columns that the report groups by, and the source column that `quarantine` is shown by. */
  readonly report: {
    readonly status?: string;
    readonly state?: string;
    readonly time?: string;
    readonly case?: string;
  };
}

/** The column that says since when a row is gone from the source; null where such rows are not marked. */
export const markColumn = ({ gone }: Mapping): string | null => (gone?.policy === 'mark' ? gone.column : null);

/** Names that Carryover adds to the lineage itself. */
export const LINEAGE_HASHES = { source: 'source_row_sha256', target: 'target_row_sha256' } as const;

/** References in the order in which they are resolved, with the role that names their reasons. */
export function referencesOf(mapping: Mapping): { role: 'case' | 'actor'; reference: Reference }[] {
  return [
    ...mapping.cases.map((reference) => ({ role: 'case' as const, reference })),
    ...mapping.actors.map((reference) => ({ role: 'actor' as const, reference })),
  ];
}

/** True where the reference points into the mapping's own target table. */
export function isSelfReference(mapping: Mapping, reference: Reference): boolean {
  return reference.lookup.table === mapping.target.table;
}

/**
 * The source columns that the mapping names, each once, in a fixed order (key, columns, references, lineage): the
 * columns over which a row's SHA-256 is computed.
 */
export function namedColumns(mapping: Mapping): string[] {
  return [
    ...new Set([
      ...mapping.source.key,
      ...mapping.columns.map((rule) => rule.source),
      ...referencesOf(mapping).map(({ reference }) => reference.source),
      ...mapping.lineage.values.map((value) => value.source),
    ]),
  ];
}

/** How a source column is read: the first converter that the mapping gives it. */
export function converterOf(mapping: Mapping, column: string): ConverterSpec {
  const spec =
    mapping.columns.find((rule) => rule.source === column)?.convert ??
    referencesOf(mapping).find(({ reference }) => reference.source === column)?.reference.convert ??
    mapping.lineage.values.find((value) => value.source === column)?.convert;
  if (spec === undefined) throw new Error(`mapping ${mapping.name} names no converter for column ${column}`);
  return spec;
}

/** Target columns that hold the legacy key, in the order of the source's key. */
export function targetKey(mapping: Mapping): string[] {
  return mapping.source.key.map((column) => {
    const rule = mapping.columns.find((candidate) => candidate.source === column);
    if (rule === undefined) throw new Error(`mapping ${mapping.name}: key column ${column} has no target column`);
    return rule.target;
  });
}

/** True where every key column is an integer, so that ranges compare alike on both servers. */
export function hasIntegerKey(mapping: Mapping): boolean {
  return mapping.source.key.every((column) => converterOf(mapping, column).kind === 'integer');
}
