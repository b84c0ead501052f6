/** What changed since an open run began: its mapping, the source's columns, one of the servers. In words. */
import { sameMeaning } from '../../mappings/fingerprint';
import type { Mapping } from '../../mappings/mapping';

/** Name and type of a source table's columns, in their order. */
export type SourceColumns = readonly (readonly [name: string, type: string])[];

/** What a run begins with, and must go on with. */
export interface Footing {
  readonly mapping: Mapping;
  readonly fingerprint: string;
  readonly sourceColumns: SourceColumns;
  readonly sourceIdentity: object;
  readonly targetIdentity: object;
}

/** The same as the ledger recorded it; null where an older version recorded none. */
export interface RecordedFooting {
  readonly fingerprint: string;
  readonly mapping: Readonly<Record<string, unknown>> | null;
  readonly source_columns: SourceColumns | null;
  readonly source_identity: object;
  readonly target_identity: object;
}

/** The servers that are not those of the run's beginning. */
export function changedServers(
  open: Pick<RecordedFooting, 'source_identity' | 'target_identity'>,
  now: Pick<Footing, 'sourceIdentity' | 'targetIdentity'>,
): string[] {
  const changed: string[] = [];
  if (!sameMeaning(open.source_identity, now.sourceIdentity)) changed.push('the source server or schema');
  if (!sameMeaning(open.target_identity, now.targetIdentity)) changed.push('the target server or database');
  return changed;
}

/** Parts of the mapping, and columns of the source table, that are not those of the run's beginning. */
export function changedShape(open: RecordedFooting, now: Footing): string[] {
  const changed: string[] = [];
  if (open.fingerprint !== now.fingerprint) {
    const before = open.mapping ?? {};
    const after: Readonly<Record<string, unknown>> = { ...now.mapping };
    const parts = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
      (part) => !sameMeaning(before[part], after[part]),
    );
    changed.push(open.mapping === null || parts.length === 0 ? 'the mapping' : `the mapping (${parts.join(', ')})`);
  }
  if (open.source_columns !== null) {
    const before = new Map(open.source_columns);
    const after = new Map(now.sourceColumns);
    const names = [...new Set([...before.keys(), ...after.keys()])].filter(
      (name) => before.get(name) !== after.get(name),
    );
    if (names.length > 0) changed.push(`columns of the source table (${names.join(', ')})`);
  }
  return changed;
}
