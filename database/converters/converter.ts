/**
 * A converter brings the SQL forms of one kind of value together. A kind that lacks a form does not compile: the
 * registry is a record over every kind.
 *
 * Stage columns are text: every form that casts is called only on text for which no `unfit` test holds.
 */
import type { ConverterSpec } from '../../mappings/converter-spec';
import type { Mapping } from '../../mappings/mapping';
import type { Reason } from '../../shared/reasons';

/**
 * A mapping with what the target knows of its time zone: the days (YYYY-MM-DD, {@link TRANSITION_YEARS}) on which the
 * zone's offset changes. Only on them a wall clock can have no instant or two, so only there it is asked; without the
 * list it is asked on every day.
 */
export type TimedMapping = Mapping & { readonly transitionDays?: readonly string[] };

/** Years that a list of transition days covers, as text: outside every day is asked about. */
export const TRANSITION_YEARS = { first: '1900', last: '2099' } as const;

/** SQL text of one expression. */
export type Sql = string;

export interface UnfitTest {
  readonly reason: Reason;
  /** PostgreSQL predicate over the staged text; never NULL for a staged value that is not NULL. */
  readonly when: Sql;
}

export interface ReadBack {
  /** PostgreSQL expression of the text; NULL for NULL. */
  readonly text: Sql;
  /** PostgreSQL predicate, never NULL: the value is none that this kind would have written. Absent where every value is one. */
  readonly impossible?: Sql;
}

export interface ConverterForms<S extends ConverterSpec> {
  /** Source expression (MySQL) whose text is the value's canonical text. */
  sourceText(spec: S, column: Sql): Sql;
  /** True where the wire carries digits and signs only, so that extract need not look for bytes to escape. */
  readonly plainBytes: boolean;
  /** PostgreSQL tests for staged text that cannot be carried. */
  unfit(spec: S, text: Sql, mapping: TimedMapping): UnfitTest[];
  /** PostgreSQL value of the target column for staged text that fits. */
  toTarget(spec: S, text: Sql, mapping: TimedMapping): Sql;
  /**
   * How verification reads a target value back into the source's canonical text. It shares nothing with `toTarget`: an
   * error there must not be repeated here.
   *
   * @param kept the text that the lineage keeps; null where it keeps none. Only a value that does not tell by itself what
   *   it came from needs it.
   */
  readBack(spec: S, value: Sql, kept: Sql | null, mapping: TimedMapping): ReadBack;
  /** PostgreSQL jsonb value that the lineage keeps for staged text, and the way back from its `->>` text. */
  toLineage(spec: S, text: Sql): Sql;
  lineageText(spec: S, json: Sql): Sql;
}
