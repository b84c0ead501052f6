/** The pairs that lanes are cloned from: made once per set of servers. */
import { rmSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { installSchema } from '../../../database/schema/install';
import { caseStates } from '../../../mappings/case-states';
import type { Mapping } from '../../../mappings/mapping';
import { createSample } from '../../../sample/create';
import type { Services } from '../../support/servers';
import { FORGE } from '../../database/plantings';
import { createDepartmentTables, departments } from '../../support/third-mapping';
import { watchWrites } from './evidence';
import { Lane, onSource, onTarget, withDatabase } from './lane';
import type { Pair, Seed } from './lane';
import type { Operator } from './operator';
import { SAMPLE_ROWS, looseDepartments } from './scenarios';
import { deletingStates } from './scenarios-of-some-rows';
import type { SeedName } from './scenarios';

export type Seeds = Readonly<Record<SeedName, Seed>>;

export async function createSeeds(services: Services, operator: Operator): Promise<Seeds> {
  // Processes die here, and never the system under them: what they have written it will write. Each copy of a database
  // would wait for hundreds of files to be on the disk.
  await onTarget(services.target.url, 'ALTER SYSTEM SET fsync = off', 'SELECT pg_reload_conf()');
  const organisation = { name: 'seed_organisation', tables: ['department'] };
  const loose = { name: 'seed_loose', tables: ['department'] };
  const clinic = await createClinic(services);
  for (const [seed, mapping] of [
    [organisation, departments],
    [loose, looseDepartments],
  ] as const) {
    await create(services, seed.name, mapping, (pair) =>
      createDepartmentTables({
        onSource: (sql, values) => onSourceWith(pair.sourceUrl, sql, values),
        onTarget: (sql) => onTarget(pair.targetUrl, sql),
      }),
    );
  }
  const changed = await afterRun(services, operator, clinic, change);
  const damaged = await afterRun(services, operator, clinic, damage(operator));
  const moved = await afterRun(services, operator, clinic, move, deletingStates);
  const resynced = await afterRun(services, operator, clinic, takeUp(operator), deletingStates);
  return { clinic, organisation, loose, changed, damaged, moved, resynced };
}

/** The sample, dirty. */
export async function createClinic(services: Services): Promise<Seed> {
  const clinic = { name: 'seed_clinic', tables: ['dispatch_state'] };
  await create(services, clinic.name, caseStates, (pair) => createSample({ ...pair, rows: SAMPLE_ROWS, dirty: true }));
  return clinic;
}

async function create(
  services: Services,
  name: string,
  mapping: Mapping,
  fill: (pair: Pair) => Promise<unknown>,
): Promise<void> {
  await onSource(services.source.url, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await onTarget(services.target.url, `CREATE DATABASE ${name}`);
  const pair = {
    sourceUrl: withDatabase(services.source.url, name),
    targetUrl: withDatabase(services.target.url, name),
  };
  await fill(pair);
  await installSchema(pair.targetUrl);
  await onTarget(pair.targetUrl, watchWrites(mapping));
}

/** A pair after a run, which is then changed; nothing of that is a write of the runs to come. */
async function afterRun(
  services: Services,
  operator: Operator,
  clinic: Seed,
  change: (lane: Lane) => Promise<unknown>,
  mapping = caseStates,
): Promise<Seed> {
  const lane = await Lane.clone(services, clinic, mapping);
  const worker = await lane.startWorker();
  await operator.start('migrate', lane.taskQueue, lane.name, { migration: mapping.name, batchRows: 100 });
  await operator.outcome(lane.name);
  await change(lane);
  worker.signal('SIGKILL');
  await worker.ended;
  rmSync(lane.reportsDir, { recursive: true, force: true });
  await lane.onTarget('TRUNCATE rig.writes');
  return { name: lane.name, tables: clinic.tables };
}

/** The source has rows to update, and rows that were unfit and are not any more. */
async function change(lane: Lane): Promise<void> {
  await lane.onSource('UPDATE dispatch_state SET status = 11 WHERE status NOT IN (11, 12)');
  await lane.onSource(`UPDATE dispatch_state SET notes = 'changed since' WHERE id % 7 = 0`);
}

/** The source has new rows, under lower keys than any too, changed ones, and has lost some; an order comes that rows wait for. */
async function move(lane: Lane): Promise<void> {
  const columns = 'status, reason, notes, created_at, instruction_id, actor_id, `on`';
  await lane.onSource(
    `INSERT INTO dispatch_state (id, ${columns}) SELECT 1000000 + id, ${columns} FROM dispatch_state ORDER BY id LIMIT 6`,
  );
  await lane.onSource(
    `INSERT INTO dispatch_state (id, ${columns}) SELECT lowest - 1, ${columns} FROM dispatch_state, (
       SELECT min(id) AS lowest FROM dispatch_state) l WHERE id = lowest`,
  );
  await lane.onSource(`UPDATE dispatch_state SET notes = 'changed since' WHERE id % 20 = 0`);
  await lane.onTarget(LATE_ORDER);
  const [loaded] = await lane.onTarget<{ keys: string }>(
    `SELECT string_agg(legacy_id::text, ',') AS keys FROM (
       SELECT legacy_id FROM case_states WHERE legacy_id % 20 <> 0 ORDER BY legacy_id LIMIT 2 OFFSET 30) k`,
  );
  await lane.onSource(`DELETE FROM dispatch_state WHERE id IN (${loaded!.keys})`);
}

/** The same, and a re-sync has taken it; a row of another table refers to one that it brought. */
const takeUp =
  (operator: Operator) =>
  async (lane: Lane): Promise<void> => {
    await move(lane);
    const follows = `${lane.name}-follows`;
    await operator.start('resync', lane.taskQueue, follows, { migration: deletingStates.name, batchRows: 8 });
    await operator.outcome(follows);
    await lane.onTarget(
      `CREATE TABLE follow_ups (id int PRIMARY KEY, state uuid NOT NULL REFERENCES case_states (id) ON DELETE CASCADE);
       INSERT INTO follow_ups SELECT 1, id FROM case_states WHERE legacy_id > 1000000 ORDER BY legacy_id LIMIT 1`,
    );
  };

const LATE_ORDER = `INSERT INTO orders (id, instruction_id, case_id, order_number)
       SELECT gen_random_uuid(), min((source_row ->> 'instruction_id')::bigint), (SELECT id FROM cases LIMIT 1), 'late'
       FROM carryover.quarantine WHERE reasons = '{case_unmapped}'`;

/** Rows of target and quarantine are edited, an order comes late that some wait for, and a verification has found that. */
const damage =
  (operator: Operator) =>
  async (lane: Lane): Promise<void> => {
    await lane.onTarget(
      `${FORGE};
       UPDATE case_states SET notes = 'edited' WHERE legacy_id % 40 = 0;
       SELECT forge(legacy_id) FROM case_states WHERE legacy_id % 40 = 0;
       ${LATE_ORDER};
       UPDATE carryover.quarantine SET source_row = source_row || '{"notes": "edited"}'
       WHERE legacy_key = (SELECT max(legacy_key) FROM carryover.quarantine)`,
    );
    const looks = `${lane.name}-looks`;
    await operator.start('verify', lane.taskQueue, looks, { migration: 'case-states' });
    await operator.outcome(looks);
  };

async function onSourceWith(uri: string, sql: string, values?: readonly unknown[]): Promise<[]> {
  const connection = await createConnection({ uri });
  try {
    await connection.query(sql, values && [...values]);
    return [];
  } finally {
    await connection.end();
  }
}
