import { Connection } from '@temporalio/client';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { installSchema } from '../../database/schema/install';
import type { Databases } from '../support/databases';
import { createDatabases } from '../support/databases';
import { services } from '../support/servers';
import { carryover, testSettings } from './cli-run';

let databases: Databases;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  databases = await createDatabases();
  settings = testSettings({
    CARRYOVER_SOURCE_URL: databases.sourceUrl,
    CARRYOVER_TARGET_URL: databases.targetUrl,
  });
});
afterAll(() => databases.drop());

const changedUrl = (url: string, change: (url: URL) => void): string => {
  const changed = new URL(url);
  change(changed);
  return changed.href;
};

/** What every error of a user has in common. */
const noStack = (text: string) => {
  expect(text).not.toMatch(/^\s+at |Unexpected/m);
  expect(text).not.toContain(new URL(databases.sourceUrl).password || 'no password');
  expect(text).not.toContain(new URL(databases.targetUrl).password || 'no password');
};

describe('input', () => {
  it('names every problem of a start at once, and the known migrations', async () => {
    const said = await carryover(['start', 'nope', '--batch-rows', 'many', '--concurrency', '0'], settings);
    expect(said.code).toBe(1);
    expect(said.err).toMatch(/no migration "nope"; known migrations: case-states, messages/);
    expect(said.err).toMatch(/"batchRows" must be a whole number/);
    expect(said.err).toMatch(/"concurrency" must be a whole number/);
    expect(said.out).toBe('');
    noStack(said.err);
  });

  it.each([
    [['start'], /missing required argument 'migration'/],
    [['start', 'case-states', '--rows', '5'], /unknown option '--rows'/],
    [['status', 'seven'], /no migration "seven"; known migrations: case-states, messages/],
    [['sttart', 'case-states'], /unknown command 'sttart'[\s\S]*Did you mean start/],
    [['check', 'nope'], /known migrations: case-states, messages/],
    [['report', '--migration', 'nope'], /known migrations: case-states, messages/],
    [['setup', '--baseline', 'no-such-file.json'], /cannot be read \(ENOENT\); nothing was changed/],
  ])('refuses %j', async (args, says) => {
    const said = await carryover(args, settings);
    expect(said.code).toBe(1);
    expect(said.err).toMatch(says);
    noStack(said.err);
  });

  it('says every problem of the settings at once, and as JSON', async () => {
    const said = await carryover(
      ['check', '--json'],
      testSettings({ CARRYOVER_SOURCE_URL: 'postgres://u:hidden@h/d', CARRYOVER_TARGET_URL: 'nonsense' }),
    );
    expect(said.code).toBe(1);
    expect(said.err).toMatch(/CARRYOVER_SOURCE_URL begins with postgres:[\s\S]*CARRYOVER_TARGET_URL is not a URL/);
    expect(said.json<{ error: { exitCode: number } }>().error.exitCode).toBe(1);
    expect(said.out + said.err).not.toContain('hidden');
  });

  it.each([
    '--help',
    ...[
      'check',
      'setup',
      'start',
      'status',
      'batches',
      'abandon',
      'audit',
      'report',
      'retry-batch',
      'skipBatch',
      'pause',
    ],
    ...['resume', 'set-concurrency', 'cancel'],
  ])('the help of %s has examples and exit codes, whatever the settings', async (command) => {
    const args = command === '--help' ? [command] : [command, '--help'];
    const said = await carryover(args, testSettings({ CARRYOVER_SOURCE_URL: 'nonsense' }));
    expect(said.code).toBe(0);
    expect(said.out).toMatch(/Examples:\n {2}carryover [\s\S]*Exit codes:\n {2}0 /);
  });
});

describe('Temporal', () => {
  it('is not reachable: said within seconds, with the address and a remedy', async () => {
    const began = Date.now();
    const said = await carryover(['start', 'case-states'], { ...settings, TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(said.code).toBe(3);
    expect(said.err).toMatch(/cannot be reached at 127.0.0.1:1 .*TEMPORAL_ADDRESS.*npm run up/);
    expect(Date.now() - began).toBeLessThan(8_000);
    noStack(said.err);
  });

  it('lacks the namespace', async () => {
    const said = await carryover(['start', 'case-states'], { ...settings, TEMPORAL_NAMESPACE: 'no-such' });
    expect(said.code).toBe(1);
    expect(said.err).toMatch(/has no namespace "no-such"; correct TEMPORAL_NAMESPACE/);
  });

  it('has no worker on the queue: said within seconds, and nothing is started', async () => {
    const began = Date.now();
    const said = await carryover(['start', 'case-states', '--workflow-id', settings.CARRYOVER_TASK_QUEUE!], settings);
    expect(said.code).toBe(3);
    expect(said.err).toMatch(/No worker polls the task queue "cli-.*nothing was started.*npm run worker/);
    expect(Date.now() - began).toBeLessThan(8_000);
    const connection = await Connection.connect({ address: services().temporal.address });
    await expect(
      connection.workflowService.describeWorkflowExecution({
        namespace: 'default',
        execution: { workflowId: settings.CARRYOVER_TASK_QUEUE! },
      }),
    ).rejects.toThrow(/not found/);
    await connection.close();
  });
});

describe('the ledger', () => {
  it.each([['status'], ['report'], ['status 7'], ['report 7 --json']])('is missing: %s', async (args) => {
    const said = await carryover(args.split(' '), settings);
    expect(said.code).toBe(1);
    expect(said.err).toMatch(/has no ledger, or an older one .*run `carryover setup`/);
    noStack(said.err);
  });

  it.each<[string, (url: URL) => void, RegExp]>([
    ['port', (url) => (url.port = '1'), /nothing listens there \(ECONNREFUSED\)/],
    ['password', (url) => (url.password = 'Wrong-1'), /login was refused \(28P01\)/],
    ['database', (url) => (url.pathname = '/no_such_database'), /no database of that name \(3D000\)/],
  ])('is behind a wrong %s', async (_what, change, says) => {
    const env = { ...settings, CARRYOVER_TARGET_URL: changedUrl(databases.targetUrl, change) };
    for (const command of ['status', 'report', 'setup']) {
      const said = await carryover([command], env);
      expect(said.code).toBe(3);
      expect(said.err).toMatch(says);
      expect(said.err).not.toContain('Wrong-1');
      noStack(said.err);
    }
  });

  it('knows no such run', async () => {
    await installSchema(databases.targetUrl);
    const said = await carryover(['status', '7'], settings);
    expect([said.code, said.err]).toEqual([1, 'The ledger holds no run 7; `carryover status` lists the latest.\n']);
    expect((await carryover(['report', '7'], settings)).err).toMatch(/no report of run 7/);
    expect((await carryover(['status'], settings)).out).toMatch(/case-states: never run[\s\S]*messages: never run/);
  });
});

describe('check', () => {
  it('says everything that is wrong on both servers at once, and changes nothing', async () => {
    const source = await mysql.createConnection(databases.sourceUrl);
    const target = new pg.Client({ connectionString: databases.targetUrl });
    await target.connect();
    try {
      await source.query('CREATE TABLE dispatch_state (id bigint PRIMARY KEY, status bit(4), extra int)');
      await target.query('CREATE TABLE case_states (id uuid PRIMARY KEY, legacy_id bigint UNIQUE)');
      const said = await carryover(['check', 'case-states', '--json'], settings);
      const { ok, problems, warnings } = said.json<{ ok: boolean; problems: string[]; warnings: string[] }>();
      expect([said.code, ok]).toEqual([1, false]);
      expect(problems).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/"dispatch_state" has no column "instruction_id"/),
          expect.stringMatching(/does not name the column "extra"/),
          expect.stringMatching(/"dispatch_state.status" is bit\(4\)/),
          expect.stringMatching(/"case_states" has no column "metadata"/),
          expect.stringMatching(/no table public.orders/),
        ]),
      );
      expect(warnings).toContainEqual(expect.stringMatching(/No worker polls the task queue/));
      const text = await carryover(['check', 'case-states'], settings);
      expect(text.code).toBe(1);
      expect(text.out).toMatch(/✓ source reachable[\s\S]*✗ source columns\n {6}The source's table/);
      noStack(text.out + text.err);
      expect((await target.query('SELECT 1 FROM carryover.runs')).rows).toEqual([]);
    } finally {
      await Promise.all([source.end(), target.end()]);
    }
  });

  it('ends with 3 where a server cannot be reached, and still looks at the other', async () => {
    const env = { ...settings, CARRYOVER_SOURCE_URL: changedUrl(databases.sourceUrl, (url) => (url.port = '1')) };
    const said = await carryover(['check', 'case-states'], env);
    expect(said.code).toBe(3);
    expect(said.out).toMatch(/✗ source reachable\n.*ECONNREFUSED[\s\S]*✗ lookup columns/);
  });
});
