/** The report of a run against the oracle, figure by figure, over samples of random seeds and sizes. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import { REASONS } from '../../shared/reasons';
import { createEngine, migrate } from '../support/engine';
import { oracle } from '../support/oracle';
import { judgeMessages } from '../support/oracle-messages';
import { Recount } from '../support/oracle-recount';

/** Seed and size are in a test's name: to see a failure again, put them here in place of the random ones. */
const SAMPLES = Array.from({ length: 20 }, (_, index) => ({
  seed: randomInt(1_000_000),
  rows: index < 2 ? randomInt(10_000, 20_000) : randomInt(500, index < 8 ? 10_000 : 2500),
  dirty: index % 2 === 1,
  batchRows: randomInt(200, 9000),
}));

it.each(SAMPLES)(
  'agrees: seed $seed, $rows rows, dirty: $dirty, batches of $batchRows',
  async ({ batchRows, ...sample }) => {
    const engine = await createEngine({ sample });
    try {
      const { plan } = await migrate(engine, caseStates, batchRows);
      await engine.ports.runs.report(caseStates, plan.run, plan.epoch);
      const report = JSON.parse(readFileSync(join(engine.reportsDir, 'latest.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      const expected = await oracle({ ...engine, migration: 'case-states' });
      const reported = Object.fromEntries(Object.keys(expected).map((key) => [key, report[key]]));
      expect(reported).toEqual(expected);
      expect(expected.balance.source).toBeGreaterThanOrEqual(sample.rows);
      expect(report.verdict).toBe('proven_with_exceptions');
    } finally {
      await engine.drop();
    }
  },
);

it('agrees on messages: what is quarantined, by its primary reason', async () => {
  const engine = await createEngine({ sample: { rows: 3000, seed: randomInt(1_000_000), dirty: true } });
  const recount = await Recount.open(engine.sourceUrl, engine.targetUrl);
  try {
    const { headline } = await migrate(engine, messages, 500);
    const judged = await judgeMessages(recount);
    const found = await engine.onTarget<{ reason: string; rows: number }>(
      'SELECT reason, count(*)::integer AS rows FROM carryover.quarantine GROUP BY reason',
    );
    const expected = REASONS.map((reason) => [reason, judged.get(reason)!.first] as const).filter(
      ([, rows]) => rows > 0,
    );
    expect(Object.fromEntries(found.map(({ reason, rows }) => [reason, rows]))).toEqual(Object.fromEntries(expected));
    expect(headline.loaded).toBe(judged.get('none')!.first);
    expect(headline.verdict).toBe('proven_with_exceptions');
  } finally {
    await recount.close();
    await engine.drop();
  }
});
