/** Whom the sample touches, and what its logins may do. */
import { randomBytes } from 'node:crypto';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { Client } from 'pg';
import { createSample } from '../../sample/create';
import { createDatabases, type Databases } from '../support/databases';

let databases: Databases;
let source: Connection;
let target: Client;

beforeEach(async () => {
  databases = await createDatabases();
  source = await createConnection({ uri: databases.sourceUrl });
  target = new Client({ connectionString: databases.targetUrl });
  await target.connect();
});

afterEach(async () => {
  await source.end();
  await target.end();
  await databases.drop();
});

async function tables(): Promise<string[]> {
  const [mine] = await source.query<RowDataPacket[]>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  );
  const { rows } = await target.query<{ name: string }>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  return [...mine.map((row) => row.name as string), ...rows.map((row) => row.name)].sort();
}

/** An address with another login. */
function as(url: string, user: string, password: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

it("refuses a source that holds somebody's tables, and names them", async () => {
  await source.query('CREATE TABLE invoices (id INT PRIMARY KEY)');
  await source.query('CREATE TABLE dispatch_state (id INT PRIMARY KEY)');
  const sample = createSample({ ...databases, rows: 20 });
  await expect(sample).rejects.toThrow(/The source holds tables .*dispatch_state, invoices\..*CARRYOVER_SOURCE_URL/);
  expect(await tables()).toEqual(['dispatch_state', 'invoices']);
});

it("refuses a target that holds somebody's tables, in whatever schema, before it changes the source", async () => {
  await target.query('CREATE SCHEMA own; CREATE TABLE own.ledger (id int); CREATE VIEW public.seen AS SELECT 1 AS one');
  const sample = createSample({ ...databases, rows: 20 });
  await expect(sample).rejects.toThrow(/The target holds tables .*seen, own\.ledger\..*CARRYOVER_TARGET_URL/);
  expect(await tables()).toEqual(['own.ledger', 'public.seen']);
});

it('makes a sample anew over one of before, the ledger gone with it, also over an interrupted one', async () => {
  await createSample({ ...databases, rows: 20 });
  const first = await tables();
  await target.query('CREATE SCHEMA carryover; CREATE TABLE carryover.runs (id int); CREATE SCHEMA carryover_stage');
  await source.query('DROP TABLE message');
  await source.query('UPDATE carryover_sample SET complete = false');
  await createSample({ ...databases, rows: 30 });
  expect(await tables()).toEqual(first);
  expect((await target.query('SELECT row_count, complete FROM carryover_sample')).rows).toEqual([
    { row_count: '30', complete: true },
  ]);
});

it.each([
  [{ sourceUrl: 'nonsense' }, /CARRYOVER_SOURCE_URL must be the address/],
  [{ sourceUrl: 'postgres://host/clinic' }, /CARRYOVER_SOURCE_URL must be the address/],
  [{ targetUrl: 'postgres://host' }, /CARRYOVER_TARGET_URL must be the address/],
  [
    { targetUrl: 'postgres://nobody:secret@127.0.0.1:1/clinic' },
    /^The target \(CARRYOVER_TARGET_URL\) does not let us in/,
  ],
])('says what is wrong with %j', async (change, message) => {
  const error = await createSample({ ...databases, ...change, rows: 20 }).catch((reason: unknown) => reason as Error);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain('secret');
});

it('gives the logins what a worker needs and no more', async () => {
  const passwords = {
    readerPassword: randomBytes(12).toString('hex'),
    workerPassword: `it's ${randomBytes(9).toString('hex')}`,
  };
  const other = await createDatabases();
  try {
    // Both at once: the target's role belongs to the server, not to a database.
    await Promise.all([databases, other].map((pair) => createSample({ ...pair, ...passwords, rows: 20 })));
    const reader = await createConnection({
      uri: as(databases.sourceUrl, 'carryover_reader', passwords.readerPassword),
    });
    const worker = new Client({
      connectionString: as(databases.targetUrl, 'carryover_worker', passwords.workerPassword),
    });
    try {
      const [states] = await reader.query<RowDataPacket[]>('SELECT count(*) AS n FROM dispatch_state');
      expect(states[0]!.n).toBe(20);
      await expect(reader.query('DELETE FROM dispatch_state')).rejects.toThrow(/denied/);
      await expect(reader.query('CREATE TABLE mine (id INT)')).rejects.toThrow(/denied/);
      await worker.connect();
      await worker.query('CREATE SCHEMA carryover');
      await worker.query('SELECT FROM orders, profiles, cases LIMIT 1');
      await worker.query(`INSERT INTO case_states SELECT gen_random_uuid(), id, 'case_closed', NULL, true, NULL, NULL,
        now(), '{}', 1 FROM cases LIMIT 1`);
      await worker.query("UPDATE case_states SET state = 'treatment_active'");
      for (const denied of ['DELETE FROM orders', 'UPDATE orders SET case_id = case_id', 'TRUNCATE messages'])
        await expect(worker.query(denied)).rejects.toThrow(/permission denied/);
    } finally {
      await reader.end();
      await worker.end();
    }
  } finally {
    await other.drop();
  }
});
