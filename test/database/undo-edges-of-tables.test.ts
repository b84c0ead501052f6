/** What tables beside the target, its partitions and its mark ask of an undo, and of a re-sync that takes rows away. */
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { createEngine, migrate, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { resync, undo } from '../support/resync';
import { createLimitedLogins } from '../support/worker';
import { verify } from '../support/verification';
import { balance, contents, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 300 } });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };
const marking: Mapping = { ...caseStates, gone: { policy: 'mark', column: 'gone_since' } };
const COLUMNS = 'status, reason, notes, created_at, instruction_id, actor_id, `on`';
const bring = (rows: number): Promise<unknown> =>
  engine.onSource(
    `INSERT INTO dispatch_state (id, ${COLUMNS}) SELECT 2000000 + id, ${COLUMNS} FROM dispatch_state ORDER BY id LIMIT ${rows}`,
  );
const followUps = (): Promise<object[]> => engine.onTarget('SELECT id FROM follow_ups ORDER BY id');
const findings = (run: string): Promise<object[]> =>
  engine.onTarget(
    `SELECT kind, legacy_key AS key FROM carryover.findings
     WHERE run_id = $1 AND kind NOT IN ('moved', 'gone') ORDER BY kind, legacy_key::numeric`,
    [run],
  );

describe('where policies hide rows that refer to the target', () => {
  let limited: Engine;
  let worker: string;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    const logins = await createLimitedLogins(engine);
    worker = new URL(logins.targetUrl).username;
    limited = engine.as(openSource(logins.sourceUrl), openTarget(logins.targetUrl));
    drop = () => logins.drop();
    await engine.onTarget(`GRANT DELETE ON case_states TO ${worker};
      CREATE TABLE follow_ups (id int PRIMARY KEY, state uuid REFERENCES case_states (id) ON DELETE CASCADE);
      ALTER TABLE follow_ups ENABLE ROW LEVEL SECURITY;
      CREATE POLICY of_others ON follow_ups USING (false);
      GRANT SELECT ON follow_ups TO ${worker}`);
  });
  afterEach(async () => {
    await Promise.all([limited?.source.close(), limited?.target.end()]);
    await drop?.();
  });

  const refer = (keys: readonly string[]): Promise<unknown> =>
    engine.onTarget(
      `INSERT INTO follow_ups SELECT row_number() OVER (ORDER BY legacy_id), id FROM case_states WHERE legacy_id = ANY ($1)`,
      [keys],
    );
  const REFUSED = ['PrivilegeMissing', expect.stringMatching(/row-level security|right is missing/)];

  it('nothing is taken away that is gone from the source, until they can be seen', async () => {
    await migrate(limited, deleting, 90);
    const keys = await keysOf(engine, 'case_states', 'true', 3);
    await refer([keys[1]!]);
    await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);
    const before = await contents(engine, 'case_states');
    const refused = await refusal(resync(limited, deleting, { maxDeletes: 0.05 }));
    expect([refused.type, refused.message]).toEqual(REFUSED);
    expect(await contents(engine, 'case_states')).toEqual(before);
    expect(await followUps()).toEqual([{ id: 1 }]);
  });

  it('nothing is undone, until they can be seen', async () => {
    await migrate(limited, deleting, 90);
    await bring(5);
    const { plan } = await resync(limited, deleting);
    const keys = await keysOf(engine, 'case_states', 'legacy_id > 2000000', 9);
    await refer([keys[2]!]);
    const before = await contents(engine, 'case_states');
    const refused = await refusal(undo(limited, deleting, plan.run));
    expect([refused.type, refused.message]).toEqual(REFUSED);
    expect(await contents(engine, 'case_states')).toEqual(before);
    expect(await followUps()).toEqual([{ id: 1 }]);
    // The way on: the same undo goes on, and sees what refers to the row.
    await engine.onTarget(`ALTER ROLE ${worker} BYPASSRLS`);
    const undone = await undo(limited, deleting, plan.run);
    expect(await keysOf(engine, 'case_states', 'legacy_id > 2000000', 9)).toEqual([keys[2]]);
    expect(await findings(undone.plan.run)).toEqual([{ kind: 'referenced', key: keys[2] }]);
    expect(await followUps()).toEqual([{ id: 1 }]);
  });
});

const ROOT = `CREATE TABLE states (LIKE case_states INCLUDING DEFAULTS, PRIMARY KEY (legacy_id), UNIQUE (id, legacy_id)) PARTITION BY RANGE (legacy_id)`;
const REFERS = 'FOREIGN KEY (state, key) REFERENCES states (id, legacy_id) ON DELETE CASCADE';
const TWO = `${ROOT}; CREATE TABLE states_old PARTITION OF states FOR VALUES FROM (MINVALUE) TO (2000000);
  CREATE TABLE states_new PARTITION OF states FOR VALUES FROM (2000000) TO (MAXVALUE)`;

describe.each([
  [
    'the root of the partitions',
    'states',
    `${TWO}; CREATE TABLE follow_ups (id int, state uuid, key bigint, ${REFERS})`,
  ],
  [
    'the root, from partitions as well',
    'states',
    `${TWO}; CREATE TABLE follow_ups (id int, state uuid, key bigint, ${REFERS}) PARTITION BY RANGE (key);
     CREATE TABLE follow_ups_1 PARTITION OF follow_ups FOR VALUES FROM (MINVALUE) TO (2000000);
     CREATE TABLE follow_ups_2 PARTITION OF follow_ups FOR VALUES FROM (2000000) TO (MAXVALUE)`,
  ],
  [
    'the root above the table, which is a partition itself',
    'states_all',
    `${ROOT}; CREATE TABLE states_all PARTITION OF states FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
     CREATE TABLE follow_ups (id int, state uuid, key bigint, ${REFERS})`,
  ],
])('a foreign key that points to %s', (_what, table, sql) => {
  const parted: Mapping = { ...deleting, target: { schema: 'public', table } };

  it('keeps its rows in a re-sync and in an undo, and no others', async () => {
    await engine.onTarget(sql);
    await migrate(engine, parted, 90);
    const old = await keysOf(engine, table, 'true', 3);
    await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [old]);
    await bring(8);
    await engine.onTarget(`INSERT INTO follow_ups SELECT 1, id, legacy_id FROM states WHERE legacy_id = ${old[1]!}`);
    const { plan } = await resync(engine, parted, { maxDeletes: 0.05 });
    expect(await keysOf(engine, table, `legacy_id IN (${old.join(', ')})`, 9)).toEqual([old[1]]);
    expect(await findings(plan.run)).toEqual([{ kind: 'referenced', key: old[1] }]);

    const brought = await keysOf(engine, table, 'legacy_id > 2000000', 9);
    await engine.onTarget(
      `INSERT INTO follow_ups SELECT 2, id, legacy_id FROM states WHERE legacy_id = ${brought[1]!}`,
    );
    const undone = await undo(engine, parted, plan.run);
    expect(await keysOf(engine, table, `legacy_id > 2000000 OR legacy_id IN (${old.join(', ')})`, 9)).toEqual([
      ...old,
      brought[1],
    ]);
    expect(await findings(undone.plan.run)).toEqual([{ kind: 'referenced', key: brought[1] }]);
    expect(await followUps()).toEqual([{ id: 1 }, { id: 2 }]);
  });
});

describe('rows that are marked as gone', () => {
  const HIDDEN = `id, ${COLUMNS}`;
  const hide = async (keys: readonly string[]): Promise<void> => {
    await engine.onSource('CREATE TABLE hidden AS SELECT * FROM dispatch_state WHERE id IN (?)', [keys]);
    await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);
  };
  const marked = (): Promise<string[]> => keysOf(engine, 'case_states', 'gone_since IS NOT NULL', 9);

  it('are none after the undo of the run that marked them, and again what they were after that of one that took marks off', async () => {
    await engine.onTarget('ALTER TABLE case_states ADD COLUMN gone_since timestamptz');
    await migrate(engine, marking, 90);
    const [whole, balanced] = [await contents(engine, 'case_states'), await balance(engine)];
    const keys = await keysOf(engine, 'case_states', 'true', 3);
    await hide(keys);
    const marks = await resync(engine, marking, { maxDeletes: 0.05 });
    expect(await marked()).toEqual(keys);
    await undo(engine, marking, marks.plan.run);
    expect(await contents(engine, 'case_states')).toEqual(whole);
    expect(await balance(engine)).toEqual(balanced);

    await resync(engine, marking, { maxDeletes: 0.05 });
    const [gone, less] = [await contents(engine, 'case_states'), await balance(engine)];
    expect(less).toMatchObject({ source: Number(balanced.source) - 3, loaded: Number(balanced.loaded) - 3 });
    await engine.onSource(`INSERT INTO dispatch_state (${HIDDEN}) SELECT ${HIDDEN} FROM hidden`);
    const back = await resync(engine, marking);
    expect(back.headline).toMatchObject({ inserted: 0, updated: 3, findings: 0, pending: 0 });
    expect(await contents(engine, 'case_states')).toEqual(whole);
    expect(await balance(engine)).toEqual(balanced);
    await undo(engine, marking, back.plan.run);
    expect(await contents(engine, 'case_states')).toEqual(gone);
    expect(await balance(engine)).toEqual(less);

    expect((await resync(engine, marking)).headline).toMatchObject({ updated: 3, findings: 0, pending: 0 });
    expect(await balance(engine)).toEqual(balanced);
    expect(await verify(engine, marking, true)).toMatchObject({ findings: [], faults: {} });
  });
});
