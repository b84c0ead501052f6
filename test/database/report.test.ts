/** A small ledger and target made by hand, whose figures can be counted on the fingers. */
import { Pool } from 'pg';
import { readReportFacts } from '../../database/report/read';
import { readLatestReport, readStoredReport, saveReport } from '../../database/report/store';
import { installSchema } from '../../database/schema/install';
import { openTarget } from '../../database/target/open-target';
import type { Target } from '../../database/target/session';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import { toJson } from '../../report/json';
import { buildReport } from '../../report/model';
import { createDatabases, type Databases } from '../support/databases';
import { pastTransitions } from '../support/ledger';

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

let databases: Databases;
let pool: Pool;
let target: Target;

beforeAll(async () => {
  databases = await createDatabases();
  await installSchema(databases.targetUrl);
  pool = new Pool({ connectionString: databases.targetUrl });
  target = openTarget(databases.targetUrl, 2);
  await pool.query(`
CREATE TYPE case_state_type AS ENUM ('treatment_active', 'case_closed');
CREATE TABLE orders (id uuid DEFAULT gen_random_uuid(), instruction_id bigint, order_number text, case_id uuid);
CREATE TABLE profiles (id uuid, legacy_user_id bigint);
CREATE TABLE case_states (
  id uuid DEFAULT gen_random_uuid(), case_id uuid, state case_state_type, actor_id uuid, is_system_generated boolean,
  reason text, notes text, changed_at timestamptz, metadata jsonb, legacy_id bigint);
CREATE TABLE messages (id uuid, legacy_thread_id bigint, legacy_position integer, sent_at timestamptz, lineage jsonb);
INSERT INTO orders (instruction_id, order_number, case_id) VALUES
  (1, 'a', '${uuid(1)}'), (1, 'a', '${uuid(1)}'),  -- one answer, twice
  (2, 'b', '${uuid(2)}'), (2, 'b', '${uuid(3)}'),  -- two answers
  (3, 'c', NULL), (4, 'd', NULL), (4, 'd', '${uuid(4)}'), (NULL, NULL, '${uuid(5)}'), (5, 'e', '${uuid(5)}');
INSERT INTO profiles VALUES ('${uuid(1)}', 1), ('${uuid(2)}', 2);`);
  await fillCaseStates();
  await pool.query(`
INSERT INTO carryover.baseline VALUES ('patients', 'patients', 1000, 990), ('orders', 'logistics', 500, 500);`);
});

afterAll(async () => {
  await Promise.all([pool?.end(), target?.end()]);
  await databases?.drop();
});

/** Legacy id, case, state, time: ours, but for the rows that say otherwise. */
async function fillCaseStates(): Promise<void> {
  const ours = { migration_source: 'dispatch_state', source_row_sha256: 'x', target_row_sha256: 'y' };
  const rows: [id: number, caseId: number, state: string | null, at: string, lineage?: object][] = [
    // In Berlin it is 2019 already.
    [1, 1, 'treatment_active', '2018-12-31 23:30:00+00'],
    // Earlier than its legacy id says.
    [2, 1, 'case_closed', '2018-06-01 00:00:00+00'],
    // The same time: the legacy id decides.
    [10, 2, 'case_closed', '2019-02-02 12:00:00+00'],
    [9, 2, 'treatment_active', '2019-02-02 12:00:00+00'],
    [11, 2, 'case_closed', '2021-02-02 12:00:00+00'],
    [12, 2, null, '2021-02-03 12:00:00+00'],
    // The same time again, stored in the other order; in Berlin it is still 2021.
    [13, 3, 'case_closed', '2021-12-31 22:59:59+00'],
    [16, 3, 'treatment_active', '2021-12-31 22:59:59+00'],
    // A case with one row: no transition.
    [17, 4, 'case_closed', '2021-03-03 12:00:00+00'],
    // Not ours: another source, and a row of nobody's.
    [14, 1, 'case_closed', '2021-01-01 12:00:00+00', { ...ours, migration_source: 'other' }],
    [15, 1, 'case_closed', '2021-01-01 12:00:00+00', { migration_source: 'dispatch_state' }],
  ];
  for (const [id, caseId, state, at, lineage] of rows) {
    await pool.query(
      'INSERT INTO case_states (legacy_id, case_id, state, changed_at, metadata) VALUES ($1, $2, $3, $4, $5)',
      [id, uuid(caseId), state, at, lineage ?? ours],
    );
  }
}

type BatchCounts = [source: number, inserted: number, updated: number, unchanged: number, quarantined: number];

/** A run with its batches, all of them validated; finished unless said otherwise. */
async function addRun(migration: string, batches: BatchCounts[], finished = true): Promise<string> {
  const { rows } = await pool.query<{ run_id: string }>(
    `INSERT INTO carryover.runs (migration, mode, fingerprint, input, batch_rows, concurrency, estimated_rows,
       target_rows_before, cut_to_end, owner_cluster, owner_namespace, owner_workflow, owner_first_run,
       owner_current_run, source_identity, target_identity, state, started_at, finished_at, verdict)
     VALUES ($1, 'full', 'f', '{}', 10, 1, $2, 4, true, 'c', 'n', 'w', 'r', 'r', '{}', '{}', $3,
       '2026-01-01 10:00Z', $4, $5) RETURNING run_id`,
    [
      migration,
      batches.reduce((sum, [source]) => sum + source, 0),
      finished ? 'finished' : 'open',
      finished ? '2026-01-01 10:01:30.5Z' : null,
      finished ? 'proven_with_exceptions' : null,
    ],
  );
  const run = rows[0]!.run_id;
  for (const [index, counts] of batches.entries()) {
    await pool.query(
      `INSERT INTO carryover.batches (run_id, batch, to_key, state, source, inserted, updated, unchanged, quarantined,
         pending) VALUES ($1, $2, '[]', 'planned', $3, $4, $5, $6, $7, 0)`,
      [run, index + 1, ...counts],
    );
    for (const state of ['running', 'loaded', 'validated']) {
      await pool.query('UPDATE carryover.batches SET state = $3 WHERE run_id = $1 AND batch = $2', [
        run,
        index + 1,
        state,
      ]);
    }
  }
  return run;
}

const addLookups = (
  run: string,
  lines: [batch: number, reference: string, role: string, outcome: string, n: number][],
) =>
  Promise.all(
    lines.map((line) => pool.query('INSERT INTO carryover.lookups VALUES ($1, $2, $3, $4, $5, $6)', [run, ...line])),
  );

async function quarantine(run: string, key: string, reason: string, row: object): Promise<void> {
  await pool.query(
    `INSERT INTO carryover.quarantine (migration, legacy_key, reason, reasons, columns, source_row, source_row_sha256,
       first_run, first_batch, last_run, last_batch)
     VALUES ('case-states', $1, $2, ARRAY[$2], '{}', $3, 'h', $4, 1, $4, 1) ON CONFLICT DO NOTHING`,
    [key, reason, row, run],
  );
  await pool.query(`INSERT INTO carryover.quarantine_occurrences VALUES ($1, 1, 'case-states', $2, $3)`, [
    run,
    key,
    reason,
  ]);
}

describe('the report of a run, from ledger and target', () => {
  let run: string;

  beforeAll(async () => {
    await addRun('messages', [[20, 10, 0, 0, 10]]);
    await addRun('messages', [[30, 5, 5, 10, 10]]);
    run = await addRun('case-states', [
      [8, 4, 1, 0, 3],
      [4, 1, 0, 1, 2],
    ]);
    await addRun('messages', [[1000, 1000, 0, 0, 0]]);
    await addLookups(run, [
      [1, 'case', 'case', 'resolved', 6],
      [1, 'case', 'case', 'unmapped', 1],
      [1, 'case', 'case', 'ambiguous', 1],
      [2, 'case', 'case', 'resolved', 3],
      [2, 'case', 'case', 'absent', 1],
      [1, 'actor', 'actor', 'resolved', 4],
      [1, 'actor', 'actor', 'absent', 1],
      [2, 'actor', 'actor', 'unmapped', 2],
    ]);
    await quarantine(run, '20', 'case_unmapped', { status: '12' });
    await quarantine(run, '21', 'case_unmapped', { status: '11' });
    await quarantine(run, '22', 'case_unmapped', { status: '11' });
    await quarantine(run, '23', 'code_unknown', { status: null });
    await quarantine(run, '24', 'code_unknown', { status: { base64: 'AA==' } });
    await pool.query(
      `INSERT INTO carryover.checks (run_id, position, name, compared, found) VALUES ($1, 2, 'orphans', 7, 0),
       ($1, 1, 'rows equal', 7, 0)`,
      [run],
    );
  });

  it('equals what was counted by hand', async () => {
    const report = buildReport(await readReportFacts(target, caseStates, run));
    expect(report).toMatchObject({
      migration: 'case-states',
      run,
      verdict: 'proven_with_exceptions',
      balance: { source: 12, loaded: 7, quarantined: 5, excluded: 0, pending: 0 },
      actors: { mapped: 4, missing: 3 },
      coverage: {
        case: { available: 3, resolved: 9, missing: 3 },
        actor: { available: 2, resolved: 4, missing: 3 },
      },
      states: [
        { state: 'case_closed', rows: 5, share: 55.56 },
        { state: 'treatment_active', rows: 3, share: 33.33 },
        { state: '(none)', rows: 1, share: 11.11 },
      ],
      years: [
        { year: 2018, rows: 1, growth: null },
        { year: 2019, rows: 3, growth: 200 },
        { year: 2021, rows: 5, growth: 66.67 },
      ],
      transitions: [
        { from: 'case_closed', to: 'treatment_active', rows: 2 },
        { from: 'case_closed', to: '(none)', rows: 1 },
        { from: 'case_closed', to: 'case_closed', rows: 1 },
        { from: 'treatment_active', to: 'case_closed', rows: 1 },
      ],
      checks: [
        { name: 'rows equal', compared: 7, found: 0 },
        { name: 'orphans', compared: 7, found: 0 },
      ],
      estate: {
        before: { tables: 3, records: 1510, rate: 98.69 },
        run: { tables: 1, records: 7, rate: 58.33 },
        after: { tables: 4, records: 1517, rate: 98.38 },
      },
      startedAt: '2026-01-01T10:00:00.000Z',
      seconds: 90.5,
      source: { table: 'dispatch_state', rows: 12, zone: 'Europe/Berlin' },
      target: { schema: 'public', table: 'case_states', rowsBefore: 4, rowsAfter: 11 },
      written: { inserted: 5, updated: 1, unchanged: 1 },
      complete: true,
      batches: 2,
      parked: [],
    });
    expect(report.quarantine).toEqual([
      { reason: 'case_unmapped', status: '11', rows: 2 },
      { reason: 'case_unmapped', status: '12', rows: 1 },
      { reason: 'code_unknown', status: '(bytes)', rows: 1 },
      { reason: 'code_unknown', status: null, rows: 1 },
    ]);
    expect(report.references).toMatchObject([
      { name: 'case', absent: 1, unmapped: 1, ambiguous: 1 },
      { name: 'actor', absent: 1, unmapped: 2, ambiguous: 0 },
    ]);
  });

  it('counts a second run once, and only what it added', async () => {
    const second = await addRun('case-states', [[13, 1, 0, 7, 5]]);
    await quarantine(second, '20', 'case_ambiguous', { status: '99' });
    const report = buildReport(await readReportFacts(target, caseStates, second));
    expect(report.estate).toEqual({
      before: { tables: 4, records: 2497, rate: 99.4 },
      run: { tables: 0, records: 1, rate: 61.54 },
      after: { tables: 4, records: 2498, rate: 99.4 },
    });
    // The row of the quarantine is that of the first run, the occurrence is of this one.
    expect(report.quarantine).toEqual([{ reason: 'case_ambiguous', status: '12', rows: 1 }]);
    expect(report.checks).toEqual([]);
    expect(report.verdict).toBe('not_proven');
  });

  it('is not complete while a batch is loaded but not looked at', async () => {
    const open = await addRun('case-states', [[2, 2, 0, 0, 0]], false);
    const facts = async (): Promise<boolean> => (await readReportFacts(target, caseStates, open)).complete;
    expect(await facts()).toBe(true);
    const park = `UPDATE carryover.batches SET state = 'parked', cause = 'difference' WHERE run_id = ${open}`;
    await pool.query(pastTransitions(park));
    expect(await facts()).toBe(false);
    expect((await readReportFacts(target, caseStates, open)).parked).toEqual([{ batch: 1, cause: 'difference' }]);
    const finish = `UPDATE carryover.runs SET state = 'finished', finished_at = now(), verdict = 'not_proven'`;
    await pool.query(`${finish} WHERE run_id = $1`, [open]);
  });

  it('leaves empty what the mapping names no column for', async () => {
    const bare = await addRun('messages', [[1, 1, 0, 0, 0]]);
    const lineage = '{"migration_source":"message","source_row_sha256":"x"}';
    await pool.query(`INSERT INTO messages VALUES (NULL, 1, 1, '2020-12-31 23:30Z', '${lineage}')`);
    const report = buildReport(await readReportFacts(target, messages, bare));
    expect([report.states, report.transitions, report.quarantine]).toEqual([[], [], []]);
    expect(report.years).toEqual([{ year: 2021, rows: 1, growth: null }]);
    // Through other columns of the same lookup: c and e alone are there once.
    expect(report.coverage.case.available).toBe(2);
  });

  it.each([
    ['a run of another migration', caseStates, '1'],
    ['no such run', caseStates, '99999'],
    ['no number', caseStates, "1' OR true"],
  ])('refuses %s', async (_what, mapping: Mapping, id) => {
    await expect(readReportFacts(target, mapping, id)).rejects.toThrow(`The ledger holds no run ${JSON.stringify(id)}`);
  });

  it('gives its two connections back as they were', async () => {
    const sql = `SELECT current_setting(name) FROM unnest('{transaction_read_only,TimeZone,parallel_tuple_cost}'::text[]) name`;
    const read = async (): Promise<unknown[]> => {
      const sessions = await Promise.all([target.connect(), target.connect()]);
      const answers = await Promise.all(sessions.map((each) => each.query('report.checks', sql)));
      for (const session of sessions) session.release();
      return answers.map(({ rows }) => rows);
    };
    const before = await read();
    await readReportFacts(target, caseStates, run);
    expect(await read()).toEqual(before);
  });

  it('is kept with its run, and comes back the same', async () => {
    const report = buildReport(await readReportFacts(target, caseStates, run));
    await saveReport(target, report);
    const stored = await readStoredReport(target, run);
    expect(toJson(stored!)).toBe(toJson(report));
    for (const any of ['case-states', null]) expect((await readLatestReport(target, any))?.run).toBe(run);
    expect(await readLatestReport(target, 'messages')).toBeNull();
    expect(await readStoredReport(target, '1')).toBeNull();
    expect(await readStoredReport(target, 'latest')).toBeNull();
    await expect(saveReport(target, { ...report, run: '99999' })).rejects.toThrow('the ledger holds no run 99999');
  });
});
