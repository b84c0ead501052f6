/** The dirty sample has every reason there is; the clean rows beside it keep their fate. */
import { REASONS } from '../../shared/reasons';
import { createSample, type CreatedSample } from '../../sample/create';
import { createDatabases, type Databases } from '../support/databases';
import { oracle, type OracleFigures } from '../support/oracle';
import { atTwo, judgeMessages } from '../support/oracle-messages';
import { GAPS, Recount } from '../support/oracle-recount';

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

  it('has at least one row for every reason code that exists, as its primary and as its only one', async () => {
    const messages = await judgeMessages(recount);
    const reasons = new Set(dirty.quarantine.map(({ reason }) => reason));
    expect(REASONS.filter((reason) => !reasons.has(reason) && messages.get(reason)!.alone === 0)).toEqual([]);
    expect([...reasons].sort()).toEqual(
      ['case_ambiguous', 'case_unmapped', 'code_unknown', 'time_gap', 'value_invalid', 'value_too_long'].sort(),
    );
    const alone = REASONS.filter((reason) => messages.get(reason)!.alone > 0);
    expect(alone).toEqual(REASONS.filter((reason) => reason !== 'code_unknown'));
    expect(messages.get('several')!.first).toBeGreaterThan(1);
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
