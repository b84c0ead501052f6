/** Checks the one JSON object that starts `dismiss`, `restore` or `purge`: all problems at once. */
import { checkNumber, numberList, optionalText } from './fields';
import { readMigrationFields } from './input-object';
import type { Checked } from './input-object';
import { readReasons } from './reasons';

/** States of a line of the quarantine that people ask for. */
export const QUARANTINE_STATES = ['open', 'replayed', 'dismissed', 'gone', 'undone'] as const;

/** The workflow types, and so the decisions, in the words of the audit. */
export const QUARANTINE_DECISIONS = ['dismiss', 'restore', 'purge'] as const;
export type QuarantineDecision = (typeof QUARANTINE_DECISIONS)[number];

/** Which rows are meant: by the numbers of their lines, by their primary reasons, or all of them. Never by their keys. */
export interface RowChoice {
  readonly migration: string;
  /** Numbers of lines, as `carryover quarantine list` has them. */
  readonly rows?: readonly string[];
  readonly reasons?: readonly string[];
  readonly all?: true;
  readonly why: string;
  /** Recorded as claimed. */
  readonly by?: string;
}

export interface PurgeInput {
  readonly migration: string;
  /** Days since the line was last seen, or the batch was loaded. */
  readonly olderThanDays: number;
  readonly why: string;
  readonly by?: string;
}

const LINES = 'lines; `carryover quarantine list` has them';
const DAYS = { low: 1, high: 36_500, whole: true };

const CHOICE_FIELDS = ['migration', 'rows', 'reasons', 'all', 'why', 'by'];
const PURGE_FIELDS = ['migration', 'olderThanDays', 'why', 'by'];

const EXAMPLES: Readonly<Record<QuarantineDecision, string>> = {
  dismiss: '{"migration": "case-states", "rows": ["12", "17"], "why": "test entries of 2019"}',
  restore: '{"migration": "case-states", "rows": ["12"], "why": "it was none"}',
  purge: '{"migration": "case-states", "olderThanDays": 90, "why": "retention"}',
};

/** @param known names of the migrations that there are */
export function checkRowChoice(
  decision: 'dismiss' | 'restore',
  given: unknown,
  known: readonly string[],
): Checked<RowChoice> {
  const { fields, problems } = readMigrationFields(given, CHOICE_FIELDS, EXAMPLES[decision], known);
  if (fields === null) return { input: null, problems };
  const rows = fields.rows == null ? undefined : numberList('rows', fields.rows, LINES, problems);
  const reasons = readReasons(fields.reasons, problems);
  const all = fields.all == null || fields.all === false ? undefined : fields.all;
  if (all !== undefined && all !== true) problems.push('"all" must be true, or left out');
  const ways = [fields.rows, fields.reasons, all].filter((way) => way != null).length;
  if (ways !== 1) problems.push('one of "rows", "reasons" and "all" says which rows are meant');
  const texts = textsOf(fields, decision === 'dismiss' ? 'why the rows are left out' : 'why they are not', problems);
  if (problems.length > 0 || texts === null) return { input: null, problems };
  const choice = { ...(rows && { rows }), ...(reasons && { reasons }), ...(all === true && { all: true as const }) };
  return { input: { migration: fields.migration as string, ...choice, ...texts }, problems: [] };
}

/** @param known names of the migrations that there are */
export function checkPurgeInput(given: unknown, known: readonly string[]): Checked<PurgeInput> {
  const { fields, problems } = readMigrationFields(given, PURGE_FIELDS, EXAMPLES.purge, known);
  if (fields === null) return { input: null, problems };
  const days = fields.olderThanDays;
  if (days == null) problems.push('"olderThanDays" is missing: values that are older are purged');
  const olderThanDays = checkNumber('olderThanDays', days, DAYS.low, DAYS, problems);
  const texts = textsOf(fields, 'why the values are removed', problems);
  if (problems.length > 0 || texts === null) return { input: null, problems };
  return { input: { migration: fields.migration as string, olderThanDays, ...texts }, problems: [] };
}

function textsOf(
  fields: Readonly<Record<string, unknown>>,
  what: string,
  problems: string[],
): { readonly why: string; readonly by?: string } | null {
  if (fields.why == null) problems.push(`"why" is missing: it says ${what}`);
  const texts = {
    ...optionalText('why', fields.why, what, problems),
    ...optionalText('by', fields.by, 'your name', problems),
  };
  return texts.why === undefined ? null : { ...texts, why: texts.why };
}
