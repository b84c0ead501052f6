/** What speaks against each message, by SQL of the source's server that knows nothing of the pipeline. */
import { REASONS } from '../../shared/reasons';
import { FOLDS, GAPS, type Recount } from './oracle-recount';

/** True for times in the hour from 02:00 on the given days. */
export const atTwo = (column: string, days: readonly string[]): string =>
  `(date(${column}) IN (${days.map((day) => `'${day}'`).join(', ')}) AND hour(${column}) = 2)`;
const noDay = (column: string): string =>
  `(${column} <> 0 AND (month(${column}) = 0 OR day(${column}) = 0 OR day(${column}) > day(last_day(date_format(${column}, '%Y-%m-01')))))`;
const holdsNul = (column: string): string => `locate(x'00', cast(${column} AS BINARY)) > 0`;

/** What speaks against a message, for each reason. */
const AGAINST_MESSAGES: Record<(typeof REASONS)[number], string> = {
  case_unmapped: 'm.order_number IS NOT NULL AND o.answers IS NULL',
  case_ambiguous: 'm.order_number IS NOT NULL AND o.answers > 1',
  actor_unmapped: 'p.answers IS NULL',
  actor_ambiguous: 'p.answers > 1',
  code_unknown: 'false',
  value_invalid: ['subject', 'body'].map(holdsNul).concat(['due_on', 'read_at'].map(noDay), 'sent_at = 0').join(' OR '),
  value_too_long: 'char_length(m.subject) > 200',
  time_gap: ['sent_at', 'read_at'].map((column) => atTwo(column, GAPS)).join(' OR '),
  constraint_rejected: `m.due_on >= '2100-01-01'`,
  time_ambiguous: ['sent_at', 'read_at'].map((column) => atTwo(column, FOLDS)).join(' OR '),
};

export interface Judged {
  /** Messages whose primary reason this is, and those whose only one it is. */
  first: number;
  alone: number;
}

/** Messages by reason; under `several` those that three or more reasons speak against, under `none` the others. */
export async function judgeMessages(recount: Recount): Promise<Map<string, Judged>> {
  const tests = REASONS.map((reason) => `coalesce(${AGAINST_MESSAGES[reason]}, 0)`);
  const rows = await recount.rows(`SELECT ${tests.join(', ')} FROM message m
    LEFT JOIN o_number o ON o.name = cast(m.order_number AS BINARY)
    LEFT JOIN p_user p ON p.name = cast(m.sender_id AS BINARY)`);
  const found = new Map([...REASONS, 'several', 'none'].map((reason) => [reason, { first: 0, alone: 0 }]));
  for (const row of rows) {
    const all = REASONS.filter((_, index) => row[index] === '1');
    found.get(all[0] ?? 'none')!.first += 1;
    if (all.length === 1) found.get(all[0]!)!.alone += 1;
    if (all.length > 2) found.get('several')!.first += 1;
  }
  return found;
}
