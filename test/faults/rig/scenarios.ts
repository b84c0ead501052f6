/** Runs that together pass every point of a run's path. Each goes on by itself, or by what a person sends, to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { defineMapping } from '../../../mappings/define';
import type { Mapping } from '../../../mappings/mapping';
import { caseStates } from '../../../mappings/case-states';
import { departments } from '../../support/third-mapping';
import { GATE } from './evidence';
import { patiently } from './lane';
import type { Lane } from './lane';
import type { Operator } from './operator';
import { SCENARIOS_OF_SOME_ROWS } from './scenarios-of-some-rows';
import { spoil } from './spoil';
import type { Stop } from './worker';

export type SeedName = 'clinic' | 'changed' | 'damaged' | 'moved' | 'resynced' | 'organisation' | 'loose';

export interface Scenario {
  readonly name: string;
  readonly seed: SeedName;
  readonly mapping: Mapping;
  /** Changes the fresh pair, before any worker is there. */
  readonly prepare?: (lane: Lane) => Promise<unknown>;
  /** Points that are taken elsewhere, though it passes them. */
  readonly passesOver?: RegExp;
  /** Where its first worker is slow or fails, whatever else befalls it. */
  readonly stops?: readonly Stop[];
  /** Starts and operates the run; returns what its last workflow ended with. */
  readonly drive: (lane: Lane, operator: Operator) => Promise<unknown>;
}

/** Rows of the sample; dirty ones come on top. */
export const SAMPLE_ROWS = 240;
const BATCH_ROWS = 100;

const EXTRACT_DELAY_MS = 1_500;

/** The self-reference of the third mapping, but a parent that does not come over leaves its child without one. */
export const looseDepartments = defineMapping({
  ...departments,
  name: 'departments-loose',
  id: { ...departments.id, namespace: '61c0ad0b-7a0c-5bb4-8a2c-6b8c5c1d1a90' },
  cases: departments.cases.map((reference) => ({ ...reference, missing: 'null' as const })),
});

const start = (lane: Lane, operator: Operator, more: object = {}, id = lane.name): Promise<void> =>
  operator.start('migrate', lane.taskQueue, id, { migration: lane.mapping.name, batchRows: BATCH_ROWS, ...more });

const plain = async (lane: Lane, operator: Operator): Promise<unknown> => {
  await start(lane, operator);
  return operator.outcome(lane.name);
};

/** Rows of the source from one place to another, counted from 0 in the order of their keys. */
export const poison = async (lane: Lane, from: number, to: number): Promise<void> => {
  const connection = await createConnection({ uri: lane.pair.sourceUrl });
  try {
    const [rows] = await connection.query(
      `SELECT id FROM dispatch_state ORDER BY id LIMIT ${to - from} OFFSET ${from}`,
    );
    const keys = (rows as { id: number }[]).map(({ id }) => `('${id}')`);
    await lane.onTarget(`INSERT INTO rig.poison VALUES ${keys.join(', ')}`);
  } finally {
    await connection.end();
  }
};

const heal = (lane: Lane): Promise<unknown> => lane.onTarget('DELETE FROM rig.poison');

const parked = (lane: Lane, count: number): Promise<void> =>
  lane.until(`SELECT 1 FROM carryover.batches WHERE state = 'parked' HAVING count(*) = ${count}`);

/** An open run whose workflow was ended under it: one batch validated at least, one parked. */
const leftOpen = async (lane: Lane, operator: Operator): Promise<void> => {
  await start(lane, operator);
  await parked(lane, 1);
  await lane.until(`SELECT 1 FROM carryover.batches WHERE state = 'validated' HAVING count(*) = 2`);
  await operator.terminate(lane.name);
  await heal(lane);
};

const poisonSecond = (lane: Lane): Promise<void> => poison(lane, BATCH_ROWS, 2 * BATCH_ROWS);

/** Of the steps of a batch: they meet those of other batches, in a run that has some. */
const OF_A_BATCH =
  /^(attempt|cut|stage|extract|references|transform|load|validate|park)\.|^source\.(columns|isolation|snapshot|count|read|sum|hashes)$/;

const SCENARIOS_OF_PLAIN_RUNS: readonly Scenario[] = [
  {
    // What a run does once is soonest done, and over, where it has one batch.
    name: 'single',
    seed: 'clinic',
    mapping: caseStates,
    passesOver: OF_A_BATCH,
    drive: async (lane, operator) => {
      await start(lane, operator, { batchRows: 1_000 });
      return operator.outcome(lane.name);
    },
  },
  { name: 'plain', seed: 'clinic', mapping: caseStates, drive: plain },
  { name: 'update', seed: 'changed', mapping: caseStates, drive: plain },
  // Few enough to be found by halving, and to be left out alone.
  { name: 'refused-rows', seed: 'clinic', mapping: caseStates, prepare: (lane) => poison(lane, 3, 5), drive: plain },
  { name: 'spoiled', seed: 'clinic', mapping: caseStates, prepare: spoil, drive: plain },
  ...SCENARIOS_OF_SOME_ROWS,
  { name: 'text-key', seed: 'organisation', mapping: departments, drive: plain },
  { name: 'loose-parents', seed: 'loose', mapping: looseDepartments, drive: plain },
];

const SCENARIOS_OF_VERBS: readonly Scenario[] = [
  {
    name: 'verbs',
    seed: 'clinic',
    mapping: caseStates,
    prepare: (lane) => poison(lane, BATCH_ROWS, 3 * BATCH_ROWS),
    drive: async (lane, operator) => {
      await start(lane, operator);
      await parked(lane, 2);
      await operator.send(lane.name, 'pause', { reason: 'a look at it' });
      await operator.send(lane.name, 'setConcurrency', { concurrency: 1 });
      await operator.send(lane.name, 'skipBatch', { batch: 3, reason: 'not wanted' });
      await operator.send(lane.name, 'resume', {});
      await heal(lane);
      await operator.send(lane.name, 'retryBatch', { batch: 3 });
      await operator.send(lane.name, 'retryBatch', { batch: 2 });
      return operator.outcome(lane.name);
    },
  },
  {
    name: 'take-skipped',
    seed: 'clinic',
    mapping: caseStates,
    prepare: poisonSecond,
    drive: async (lane, operator) => {
      await start(lane, operator);
      await parked(lane, 1);
      await operator.send(lane.name, 'skipBatch', { batch: 2, reason: 'not wanted' });
      await Promise.all([operator.outcome(lane.name), heal(lane)]);
      const next = `${lane.name}-next`;
      await operator.start('replay', lane.taskQueue, next, { migration: 'case-states', takeSkipped: 'wanted' });
      return operator.outcome(next);
    },
  },
  {
    name: 'brake',
    seed: 'clinic',
    mapping: caseStates,
    prepare: poisonSecond,
    drive: async (lane, operator) => {
      await start(lane, operator, { maxParked: 0 });
      await parked(lane, 1);
      await lane.until('SELECT 1 FROM carryover.runs WHERE paused_at IS NOT NULL');
      await heal(lane);
      await operator.send(lane.name, 'retryBatch', { batch: 'all' });
      await operator.send(lane.name, 'resume', {});
      return operator.outcome(lane.name);
    },
  },
];

const SCENARIOS_OF_STARTS: readonly Scenario[] = [
  {
    name: 'take-over',
    seed: 'clinic',
    mapping: caseStates,
    prepare: poisonSecond,
    drive: async (lane, operator) => {
      await leftOpen(lane, operator);
      const next = `${lane.name}-next`;
      await start(lane, operator, {}, next);
      await operator.send(next, 'retryBatch', { batch: 'all' });
      return operator.outcome(next);
    },
  },
  {
    name: 'accept-server',
    seed: 'clinic',
    mapping: caseStates,
    prepare: poisonSecond,
    drive: async (lane, operator) => {
      await leftOpen(lane, operator);
      // As if the source had moved to another server, with all that it held.
      await lane.onTarget(`UPDATE carryover.runs SET source_identity = '{"server": "before", "schema": "before"}'`);
      const next = `${lane.name}-next`;
      await start(lane, operator, { acceptServer: 'it moved' }, next);
      await operator.send(next, 'retryBatch', { batch: 'all' });
      return operator.outcome(next);
    },
  },
  {
    name: 'restart',
    seed: 'clinic',
    mapping: caseStates,
    prepare: poisonSecond,
    drive: async (lane, operator) => {
      await leftOpen(lane, operator);
      await lane.onTarget(`UPDATE carryover.runs SET fingerprint = 'before'`);
      const next = `${lane.name}-next`;
      await start(lane, operator, { onChange: 'restart' }, next);
      return operator.outcome(next);
    },
  },
  {
    name: 'abandon',
    seed: 'clinic',
    mapping: caseStates,
    prepare: poisonSecond,
    drive: async (lane, operator) => {
      await leftOpen(lane, operator);
      const next = `${lane.name}-next`;
      const [open] = await lane.onTarget<{ run: string }>('SELECT run_id::text AS run FROM carryover.runs');
      await operator.start('abandon', lane.taskQueue, next, { ...open, reason: 'not wanted any more' });
      // Its words name the run.
      return String(await operator.outcome(next)).replace(`run ${open!.run} `, 'run 1 ');
    },
  },
];

/** Milliseconds for an extract to meet the lock; where the lock has gone with its server, it never does. */
const MEET_MS = 10_000;

/** Waits until an extract waits for the lock of its table. */
async function lockMet({ name, services }: Lane): Promise<void> {
  const deadline = Date.now() + MEET_MS;
  const waiting = async (): Promise<boolean> => {
    const connection = await createConnection({ uri: services.source.url });
    connection.on('error', () => undefined);
    try {
      const sql = "SELECT 1 FROM information_schema.processlist WHERE db = ? AND state LIKE 'Waiting for table%'";
      const [rows] = await connection.query(sql, [name]);
      return (rows as unknown[]).length > 0;
    } finally {
      connection.destroy();
    }
  };
  while (Date.now() < deadline && !(await waiting().catch(() => false))) await sleep(100);
}

/** The gate, or a table lock, is held by a connection that may die with its server: then the step simply goes on. */
const SCENARIOS_OF_CANCELLING: readonly Scenario[] = [
  {
    name: 'cancel-load',
    seed: 'clinic',
    mapping: caseStates,
    drive: async (lane, operator) => {
      const gate = new Client({ connectionString: lane.pair.targetUrl });
      gate.on('error', () => undefined);
      await patiently(async () => {
        await gate.connect();
        await gate.query('SELECT pg_advisory_lock($1)', [GATE]);
      });
      try {
        await start(lane, operator);
        await lane.until(
          `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = ${GATE}
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        await operator.send(lane.name, 'cancel', { reason: 'wrong night' });
        await operator.outcome(lane.name);
      } finally {
        await gate.end().catch(() => undefined);
      }
      const next = `${lane.name}-next`;
      await start(lane, operator, {}, next);
      return operator.outcome(next);
    },
  },
  {
    name: 'cancel-extract',
    seed: 'clinic',
    mapping: caseStates,
    // Long enough for the lock to be there before the extracts ask the source.
    stops: [1, 2].map((nth) => ({ point: 'source.isolation', moment: 'before', nth, delay: EXTRACT_DELAY_MS })),
    drive: async (lane, operator) => {
      const lock = await createConnection({ uri: lane.pair.sourceUrl });
      lock.on('error', () => undefined);
      try {
        await start(lane, operator);
        await lane.until(`SELECT 1 FROM carryover.batches WHERE state = 'running' HAVING count(*) = 2`);
        await lock.query('LOCK TABLES dispatch_state WRITE').catch(() => undefined);
        await lockMet(lane);
        await operator.send(lane.name, 'cancel', { reason: 'wrong night' });
        await operator.outcome(lane.name);
      } finally {
        lock.destroy();
      }
      const next = `${lane.name}-next`;
      await start(lane, operator, {}, next);
      return operator.outcome(next);
    },
  },
];

export const SCENARIOS: readonly Scenario[] = [
  ...SCENARIOS_OF_PLAIN_RUNS,
  ...SCENARIOS_OF_VERBS,
  ...SCENARIOS_OF_STARTS,
  ...SCENARIOS_OF_CANCELLING,
];
