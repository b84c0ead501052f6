import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { SEARCH_ATTRIBUTES } from '../../shared/names';
import type { Databases } from '../support/databases';
import { createDatabases } from '../support/databases';
import { registerNamespace } from '../support/namespace';
import { carryover, testSettings } from './cli-run';

const BASELINE = [
  { table: 'patients', domain: 'patients', sourceRows: 100, records: 98 },
  { table: 'payments', domain: 'finance', sourceRows: 50, records: 50 },
];

let databases: Databases;
let settings: NodeJS.ProcessEnv;
let folder: string;

beforeAll(async () => {
  databases = await createDatabases();
  const namespace = await registerNamespace();
  settings = testSettings({ TEMPORAL_NAMESPACE: namespace, CARRYOVER_TARGET_URL: databases.targetUrl });
  folder = mkdtempSync(join(tmpdir(), 'carryover-setup-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await databases.drop();
});

async function onTarget(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: databases.targetUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const baselineFile = (json: unknown): string => {
  const path = join(folder, `${randomUUID()}.json`);
  writeFileSync(path, typeof json === 'string' ? json : JSON.stringify(json));
  return path;
};

it('refuses a baseline with all its problems before anything is changed', async () => {
  const said = await carryover(
    ['setup', '--baseline', baselineFile([{ ...BASELINE[0], records: 101 }, { table: 'x' }])],
    settings,
  );
  expect(said.code).toBe(1);
  expect(said.err).toMatch(
    /nothing was changed:[\s\S]*Entry 1: "records" \(101\)[\s\S]*Entry 2: "domain" must be a text/,
  );
  expect((await carryover(['setup', '--baseline', baselineFile('[')], settings)).err).toMatch(/is no JSON/);
  expect(await onTarget(`SELECT 1 FROM pg_namespace WHERE nspname = 'carryover'`)).toEqual([]);
});

it('installs the ledger, registers the search attributes, imports the baseline; and a second time nothing', async () => {
  const first = await carryover(['setup', '--json', '--baseline', baselineFile(BASELINE)], settings);
  expect(first.err).toBe('');
  expect(first.code).toBe(0);
  expect(first.json()).toMatchObject({
    schema: {
      applied: [
        '0001-ledger',
        '0002-operations',
        '0003-verification',
        '0004-closing',
        '0005-accepting',
        '0006-some-rows',
        '0007-resync',
        '0008-quarantine',
        '0009-baseline-sources',
        '0011-undo',
        '0012-nothing-to-do',
        '0013-skipped-batches',
      ],
    },
    baseline: { added: 2, known: 0 },
    searchAttributes: { registered: Object.keys(SEARCH_ATTRIBUTES), warnings: [] },
  });
  expect(await onTarget('SELECT table_name, domain, source_rows, records FROM carryover.baseline ORDER BY 1')).toEqual([
    { table_name: 'patients', domain: 'patients', source_rows: '100', records: '98' },
    { table_name: 'payments', domain: 'finance', source_rows: '50', records: '50' },
  ]);

  const second = await carryover(['setup', '--json', '--baseline', baselineFile(BASELINE)], settings);
  expect([second.code, second.json()]).toMatchObject([
    0,
    { schema: { applied: [] }, baseline: { added: 0, known: 2 }, searchAttributes: { registered: [] } },
  ]);
});

it('refuses a changed line of the baseline by name, and imports none of the others', async () => {
  const changed = [
    { ...BASELINE[0]!, records: 97 },
    { table: 'new', domain: 'finance', sourceRows: 1, records: 1 },
  ];
  const said = await carryover(['setup', '--baseline', baselineFile(changed)], settings);
  expect(said.code).toBe(1);
  expect(said.err).toMatch(/already holds "patients" \(patients, 98 of 100\), .*\(patients, 97 of 100\)/);
  expect(await onTarget('SELECT count(*)::int AS lines FROM carryover.baseline')).toEqual([{ lines: 2 }]);
});

it('says which right is missing to install the ledger', async () => {
  const own = await createDatabases();
  const role = `limited_${randomUUID().slice(0, 8)}`;
  await onTarget(`CREATE ROLE ${role} LOGIN PASSWORD 'Limited-1'`);
  const url = new URL(own.targetUrl);
  [url.username, url.password] = [role, 'Limited-1'];
  try {
    const said = await carryover(['setup'], { ...settings, CARRYOVER_TARGET_URL: url.href });
    expect(said.code).toBe(1);
    expect(said.err).toMatch(/may not install the ledger .*GRANT CREATE ON DATABASE/);
    expect(said.err).not.toContain('Limited-1');
  } finally {
    await own.drop();
    await onTarget(`DROP ROLE ${role}`);
  }
});
