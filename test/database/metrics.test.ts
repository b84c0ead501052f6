import { readMetrics } from '../../database/ledger/read-metrics';
import { openTarget } from '../../database/target/open-target';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
import { createLimitedLogins } from '../support/worker';

let engine: Engine;
beforeAll(async () => (engine = await createEngine()));
afterAll(() => engine?.drop());
beforeEach(() =>
  engine.onTarget('TRUNCATE carryover.runs, carryover.quarantine, carryover.starts RESTART IDENTITY CASCADE'),
);

/** A run of the ledger, finished with a verdict, open, or paused. */
async function addRun(
  migration: string,
  state: string,
  more: { verdict?: string; age?: string; paused?: string } = {},
) {
  const [run] = await engine.onTarget<{ run: string }>(
    `INSERT INTO carryover.runs (migration, mode, state, fingerprint, input, batch_rows, concurrency, estimated_rows,
       target_rows_before, owner_cluster, owner_namespace, owner_workflow, owner_first_run, owner_current_run,
       source_identity, target_identity, finished_at, verdict, paused_at, pause_cause)
     VALUES ($1, 'full', $2, 'f', '{}', 10, 1, 0, 0, 'c', 'n', 'w', 'r', 'r', '{}', '{}',
       now() - $3::interval, $4, CASE WHEN $5::text IS NOT NULL THEN now() END, $5)
     RETURNING run_id::text AS run`,
    [migration, state, more.age ?? null, more.verdict ?? null, more.paused ?? null],
  );
  return run!.run;
}

/** Batches are born planned; every further state is a legal change. */
async function addBatch(run: string, batch: number, path: readonly string[], rows: Record<string, number>) {
  const source = Object.values(rows).reduce((sum, number) => sum + number, 0);
  await engine.onTarget(
    `INSERT INTO carryover.batches (run_id, batch, to_key, source, pending) VALUES ($1, $2, '[1]', $3, $3)`,
    [run, batch, source],
  );
  const of = (name: string): number => rows[name] ?? 0;
  for (const state of path) {
    const isLoaded = state === 'loaded' || state === 'validated';
    await engine.onTarget(
      `UPDATE carryover.batches SET state = $3, inserted = $4, updated = $5, unchanged = $6, quarantined = $7,
              excluded = $8, pending = $9 WHERE run_id = $1 AND batch = $2`,
      isLoaded
        ? [run, batch, state, of('inserted'), of('updated'), of('unchanged'), of('quarantined'), of('excluded'), 0]
        : [run, batch, state, 0, 0, 0, 0, 0, source],
    );
  }
}

async function addQuarantine(key: string, reason: string, state: string) {
  await engine.onTarget(
    `INSERT INTO carryover.quarantine (migration, legacy_key, reason, reasons, columns, source_row, source_row_sha256,
       state, first_run, first_batch, last_run, last_batch)
     VALUES ('case-states', $1, $2, ARRAY[$2::text], '{}', '{}', '', $3, 1, 1, 1, 1)`,
    [key, reason, state],
  );
}

async function addStart(id: string, outcome: string) {
  await engine.onTarget(
    `INSERT INTO carryover.starts (migration, workflow, workflow_run, outcome) VALUES ('case-states', 'w', $1, $2)`,
    [id, outcome],
  );
}

const read = () => readMetrics(engine.target);

describe('what the ledger tells a monitor', () => {
  it('is nothing before the first run', async () => {
    expect(await read()).toEqual({ runs: [], batches: [], rows: [], quarantine: [], starts: [] });
  });

  it('is the present: the open run, the latest run, the open quarantine', async () => {
    const old = await addRun('case-states', 'finished', { verdict: 'proven', age: '2 days' });
    await addBatch(old, 1, ['running', 'loaded', 'validated'], { inserted: 70 });
    await addRun('case-states', 'finished', { verdict: 'not_proven', age: '1 day' });
    const open = await addRun('case-states', 'open', { paused: 'more than maxParked' });
    const fates = { inserted: 5, updated: 4, unchanged: 3, quarantined: 2, excluded: 1 };
    await addBatch(open, 1, ['running', 'loaded', 'validated'], fates);
    await addBatch(open, 2, ['running', 'loaded'], { unchanged: 9 });
    await addBatch(open, 3, ['running', 'parked'], { pending: 20 });
    await addBatch(open, 4, ['running', 'parked'], { pending: 10 });
    await addQuarantine('1', 'case_unmapped', 'open');
    await addQuarantine('2', 'case_unmapped', 'open');
    await addQuarantine('3', 'code_unknown', 'open');
    await addQuarantine('4', 'code_unknown', 'replayed');
    for (const [id, outcome] of [
      ['a', 'opened'],
      ['b', 'missed'],
      ['c', 'missed'],
      ['d', 'refused'],
    ] as const) {
      await addStart(id, outcome);
    }

    const metrics = await read();
    expect(metrics).toEqual({
      runs: [{ migration: 'case-states', open: 1, paused: 1, notProven: 1, provenAge: expect.any(Number) as number }],
      batches: [
        { migration: 'case-states', state: 'loaded', batches: 1 },
        { migration: 'case-states', state: 'parked', batches: 2 },
        { migration: 'case-states', state: 'validated', batches: 1 },
      ],
      rows: [
        { migration: 'case-states', inserted: 5, updated: 4, unchanged: 12, quarantined: 2, excluded: 1, pending: 30 },
      ],
      quarantine: [
        { migration: 'case-states', reason: 'case_unmapped', rows: 2 },
        { migration: 'case-states', reason: 'code_unknown', rows: 1 },
      ],
      starts: [
        { migration: 'case-states', outcome: 'missed', starts: 2 },
        { migration: 'case-states', outcome: 'opened', starts: 1 },
        { migration: 'case-states', outcome: 'refused', starts: 1 },
      ],
    });
    const days = metrics.runs[0]!.provenAge! / 86_400;
    expect(days).toBeGreaterThanOrEqual(2);
    expect(days).toBeLessThan(2.1);
  });

  it('forgets a run that was not proven once a later one is, and an abandoned run neither way', async () => {
    await addRun('case-states', 'finished', { verdict: 'not_proven', age: '3 hours' });
    await addRun('messages', 'finished', { verdict: 'not_proven', age: '3 hours' });
    await addRun('case-states', 'finished', { verdict: 'proven_with_exceptions', age: '1 hour' });
    await addRun('messages', 'abandoned', { age: '1 hour' });
    const { runs } = await read();
    expect(runs.map(({ migration, notProven }) => [migration, notProven])).toEqual([
      ['case-states', 0],
      ['messages', 1],
    ]);
    expect(runs[0]!.provenAge).toBeLessThan(3_700);
    expect(runs[1]!.provenAge).toBeNull();
  });

  it('takes the word of a verification that came after the run, of the whole alone', async () => {
    const run = await addRun('case-states', 'finished', { verdict: 'proven', age: '3 hours' });
    const addVerification = async (verdict: string, age: string, partial: boolean): Promise<void> => {
      await engine.onTarget(
        `INSERT INTO carryover.verifications (migration, run_id, final, fingerprint, source_identity, target_identity, workflow,
           workflow_run, state, verdict, finished_at, partial)
         VALUES ('case-states', $1, false, 'f', '{}', '{}', 'w', gen_random_uuid()::text, 'finished', $2, now() - $3::interval, $4)`,
        [run, verdict, age, partial],
      );
    };
    await addVerification('not_proven', '2 hours', true);
    expect((await read()).runs[0]!.notProven).toBe(0);
    await addVerification('not_proven', '1 hour', false);
    expect((await read()).runs[0]!).toMatchObject({ notProven: 1 });
    await addVerification('proven_with_exceptions', '1 minute', false);
    const [last] = (await read()).runs;
    expect(last!.notProven).toBe(0);
    expect(last!.provenAge).toBeLessThan(120);
  });

  it('can be read by the account that docs/privileges.md gives a worker', async () => {
    await addRun('case-states', 'open');
    const full = await createEngine({ sample: { rows: 400 } });
    const logins = await createLimitedLogins(full);
    const target = openTarget(logins.targetUrl, 1);
    try {
      expect((await readMetrics(target)).runs).toEqual([]);
    } finally {
      await target.end();
      await logins.drop();
      await full.drop();
    }
  });

  it('waits neither for a lock nor for long, and leaves its connection fit for the next time', async () => {
    const target = openTarget(engine.targetUrl, 1);
    const other = await engine.pool.connect();
    try {
      await other.query('BEGIN; LOCK TABLE carryover.runs IN ACCESS EXCLUSIVE MODE');
      const asked = Date.now();
      await expect(readMetrics(target)).rejects.toThrow();
      expect(Date.now() - asked).toBeLessThan(4_000);
      await other.query('ROLLBACK');
      expect((await readMetrics(target)).runs).toEqual([]);
    } finally {
      other.release(true);
      await target.end();
    }
  });
});
