/** The dirty sample has every reason there is; the clean rows beside it keep their fate. */
import { REASONS } from '../../shared/reasons';
import { createSample, type CreatedSample } from '../../sample/create';
import { createDatabases, type Databases } from '../support/databases';
import { oracle, type OracleFigures } from '../support/oracle';
import { FOLDS, GAPS, Recount } from '../support/oracle-recount';

const atTwo = (column: string, days: readonly string[]): string =>
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
  time_ambiguous: ['sent_at', 'read_at'].map((column) => atTwo(column, FOLDS)).join(' OR '),
};

describe('the dirty sample', () => {
  let databases: Databases;
  let clean: OracleFigures;
  let dirty: OracleFigures;
  let made: CreatedSample;
  let recount: Recount;

  beforeAll(async () => {
    databases = await createDatabases();
    await createSample({ ...databases, rows: 900, seed: 4 });
    clean = await oracle({ ...databases, migration: 'case-states' });
    made = await createSample({ ...databases, rows: 900, seed: 4, dirty: true });
    dirty = await oracle({ ...databases, migration: 'case-states' });
    recount = await Recount.open(databases.sourceUrl, databases.targetUrl);
  });

  afterAll(async () => {
    await recount.close();
    await databases.drop();
  });

  const messagesBy = async (): Promise<Map<string, { first: number; alone: number }>> => {
    const tests = REASONS.map((reason) => `coalesce(${AGAINST_MESSAGES[reason]}, 0)`);
    const rows = await recount.rows(`SELECT ${tests.join(', ')} FROM message m
      LEFT JOIN o_number o ON o.name = cast(m.order_number AS BINARY)
      LEFT JOIN p_user p ON p.name = cast(m.sender_id AS BINARY)`);
    const found = new Map(REASONS.map((reason) => [reason as string, { first: 0, alone: 0 }]));
    for (const row of rows) {
      const all = REASONS.filter((_, index) => row[index] === '1');
      if (all[0] !== undefined) found.get(all[0])!.first += 1;
      if (all.length === 1) found.get(all[0]!)!.alone += 1;
      if (all.length > 2) found.set('several', { first: 1, alone: 1 });
    }
    return found;
  };

  it('has at least one row for every reason code that exists, as its primary and as its only one', async () => {
    const messages = await messagesBy();
    const reasons = new Set(dirty.quarantine.map(({ reason }) => reason));
    expect(REASONS.filter((reason) => !reasons.has(reason) && messages.get(reason)!.alone === 0)).toEqual([]);
    expect([...reasons].sort()).toEqual(
      ['case_ambiguous', 'case_unmapped', 'code_unknown', 'time_gap', 'value_invalid', 'value_too_long'].sort(),
    );
    const alone = REASONS.filter((reason) => messages.get(reason)!.alone > 0);
    expect(alone).toEqual(REASONS.filter((reason) => reason !== 'code_unknown'));
    expect(messages.has('several')).toBe(true);
  });

  it('adds its rows on top, and changes the fate of no clean row', async () => {
    expect(made.rows).toBe(900);
    expect(dirty.balance.source).toBe(900 + made.dirtyRows);
    expect(await recount.count('SELECT count(*) FROM dispatch_state')).toBe(900 + made.dirtyRows);
    const unmapped = (figures: OracleFigures): unknown =>
      figures.quarantine.filter(({ reason, status }) => reason === 'case_unmapped' && status === '12');
    expect(unmapped(dirty)).toEqual(unmapped(clean));
    expect(clean.quarantine.every(({ reason }) => reason === 'case_unmapped')).toBe(true);
    expect(dirty.balance.loaded - clean.balance.loaded).toBe(8);
    // One instruction has two orders that agree: one more key with exactly one answer.
    expect(dirty.coverage.case.available).toBe(clean.coverage.case.available + 1);
    expect(dirty.coverage.actor.available).toBe(clean.coverage.actor.available);
  });

  it('has rows with several reasons at once', async () => {
    const sql = `SELECT count(*) FROM judged WHERE (cases <> 1) + (status NOT IN (11, 12)) + (\`on\` NOT IN (0, 1))
      + coalesce(char_length(reason) > 120, 0) + ${atTwo('created_at', GAPS)} >= 3`;
    expect(await recount.count(sql)).toBeGreaterThanOrEqual(2);
  });
});
