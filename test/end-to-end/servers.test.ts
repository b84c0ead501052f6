import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { expectCode, processesOf, runScript } from '../support/scripts';
import { newHome, type Services } from '../support/servers';

const readServices = (home: string): Services =>
  JSON.parse(readFileSync(join(home, 'services.json'), 'utf8')) as Services;

async function onSource<T>(home: string, sql: string): Promise<T[]> {
  const connection = await createConnection({ uri: readServices(home).source.url });
  try {
    return (await connection.query(sql))[0] as T[];
  } finally {
    await connection.end();
  }
}

async function onTarget<T extends object>(home: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: readServices(home).target.url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

// Longer than the scripts themselves wait for a server: then it is their message that is shown.
jest.setTimeout(200_000);

describe('private servers', () => {
  let home: string;

  beforeAll(async () => {
    home = newHome();
    expectCode(await runScript('up.mjs', home), 0);
  });

  afterAll(async () => {
    await runScript('down.mjs', home, ['--wipe']);
    expect(processesOf(home)).toEqual([]);
  });

  it('are described by services.json, which only its owner can read', () => {
    const file = join(home, 'services.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readServices(home)).toEqual({
      temporal: {
        address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
        ui: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      },
      source: { url: expect.stringMatching(/^mysql:\/\/\w+:\w{20,}@127\.0\.0\.1:\d+\/clinic$/) as string },
      target: { url: expect.stringMatching(/^postgres:\/\/\w+:\w{20,}@127\.0\.0\.1:\d+\/clinic$/) as string },
    });
  });

  it('have their passwords in no argument list', () => {
    const { source, target } = readServices(home);
    const everything = execFileSync('ps', ['-axww', '-o', 'command='], { encoding: 'utf8' });
    expect(processesOf(home).length).toBeGreaterThanOrEqual(3);
    for (const { url } of [source, target]) expect(everything).not.toContain(new URL(url).password);
  });

  it('leave no password in a log, nor in a file that others can read', () => {
    const { source, target } = readServices(home);
    const passwords = [source.url, target.url].map((url) => new URL(url).password);
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).map((name) => join(home, name));
    // The servers run: a journal of theirs may be gone by now.
    const readable = files.filter((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found !== undefined && found.isFile() && (found.mode & 0o044) !== 0;
    });
    const open = readable.filter((file) => !file.includes('/postgres/') && !file.includes('/mariadb/'));
    const suspects = [...open, ...files.filter((file) => file.endsWith('.log'))];
    const holding = suspects.filter((file) => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      return passwords.some((password) => text.includes(password));
    });
    expect(files.some((file) => file.endsWith('.log'))).toBe(true);
    expect(holding).toEqual([]);
  });

  it('listen on 127.0.0.1 only', async () => {
    const [row] = await onTarget<{ listen_addresses: string }>(home, 'SHOW listen_addresses');
    expect(row?.listen_addresses).toBe('127.0.0.1');
    const rows = await onSource<{ Value: string }>(home, "SHOW VARIABLES LIKE 'bind_address'");
    expect(rows.map((each) => each.Value)).toEqual(['127.0.0.1']);
  });

  it('log tersely, and the source has an id of its own', async () => {
    const settings = await onTarget<{ name: string; setting: string }>(
      home,
      "SELECT name, setting FROM pg_settings WHERE name IN ('log_min_messages', 'log_min_error_statement', 'log_statement') ORDER BY name",
    );
    expect(settings.map(({ setting }) => setting)).toEqual(['panic', 'fatal', 'none']);
    const [row] = await onSource<{ id: number; log: number }>(home, 'SELECT @@server_id AS id, @@general_log AS log');
    expect(row?.id).toBeGreaterThan(1);
    expect(row?.log).toBe(0);
  });

  it('keep temporary files apart: a MariaDB that starts removes the temporary tables that it finds', async () => {
    const [row] = await onSource<{ tmp: string; data: string }>(home, 'SELECT @@tmpdir AS tmp, @@datadir AS data');
    expect(row!.tmp).toBe(join(row!.data, '..', 'tmp'));
  });

  it('refuse a login without the password', async () => {
    const { source } = readServices(home);
    const { port } = new URL(source.url);
    for (const user of ['root', 'carryover_admin', '']) {
      await expect(createConnection({ host: '127.0.0.1', port: Number(port), user })).rejects.toThrow(/denied/i);
    }
  });

  it('are found running by a second up, which starts none', async () => {
    const before = processesOf(home).map(({ pid }) => pid);
    const outcome = await runScript('up.mjs', home);
    expect(outcome.code).toBe(0);
    expect(outcome.text).toMatch(/running already[^]*running already[^]*running already/);
    expect(processesOf(home).map(({ pid }) => pid)).toEqual(before);
  });

  it('keep data, ids and addresses between down and up', async () => {
    await onSource(home, 'CREATE TABLE kept_source (a int)');
    await onTarget(home, 'CREATE TABLE kept_target (a int)');
    const before = readServices(home);
    const [id] = await onSource(home, 'SELECT @@server_id AS id');
    expect(await runScript('down.mjs', home)).toMatchObject({ code: 0, text: 'Stopped: Temporal, source, target.\n' });
    expect(processesOf(home)).toEqual([]);
    expect(existsSync(join(home, 'services.json'))).toBe(false);
    expect(await runScript('down.mjs', home)).toMatchObject({ code: 0, text: 'Nothing was running.\n' });

    expectCode(await runScript('up.mjs', home), 0);
    expect(readServices(home)).toEqual(before);
    expect(await onSource(home, 'SELECT @@server_id AS id')).toEqual([id]);
    expect(await onSource(home, 'SELECT * FROM kept_source')).toEqual([]);
    expect(await onTarget(home, 'SELECT * FROM kept_target')).toEqual([]);
  });

  it('come back after every one of them was killed, and after their ports were taken', async () => {
    await onTarget(home, 'CREATE TABLE written_before_the_kill (a int)');
    for (const { pid } of processesOf(home)) process.kill(pid, 'SIGKILL');
    const taken = createServer();
    const port = Number(new URL(readServices(home).source.url).port);
    await waitUntil(() => processesOf(home).length === 0);
    const takes = (): Promise<boolean> =>
      new Promise((resolve, reject) => {
        taken.once('error', (error: NodeJS.ErrnoException) =>
          error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
        );
        taken.listen(port, '127.0.0.1', () => resolve(true));
      });
    // A connection of another test may have the port for a moment, and be gone when the servers come back.
    await waitUntil(takes);
    try {
      expectCode(await runScript('up.mjs', home), 0);
      expect(new URL(readServices(home).source.url).port).not.toBe(String(port));
      expect(await onTarget(home, 'SELECT * FROM written_before_the_kill')).toEqual([]);
    } finally {
      taken.close();
    }
  });

  it('do not take the pid of a stranger for their own', async () => {
    await runScript('down.mjs', home);
    const data = join(home, 'postgres', 'data');
    const { uid, gid } = statSync(data);
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore', uid, gid });
    try {
      const lock = join(data, 'postmaster.pid');
      // As if PostgreSQL had been killed and its pid had been given to another process of the same user.
      execFileSync('sh', ['-c', `printf '${stranger.pid}\\n' > '${lock}'`]);
      expectCode(await runScript('up.mjs', home), 0);
      expect(stranger.exitCode).toBeNull();
    } finally {
      stranger.kill();
    }
  });
});

describe('up without private servers to be had', () => {
  it('says in one message what was tried and the ways out, and starts nothing', async () => {
    const home = newHome();
    const outcome = await runScript('up.mjs', home, [], {
      CARRYOVER_SOURCE_URL: 'mysql://someone:SECRET@127.0.0.1:1/clinic',
      CARRYOVER_TARGET_URL: 'postgres://someone:SECRET@127.0.0.1:1/clinic',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    expect(outcome.code).toBe(1);
    expect(outcome.text).toContain('source:\n  the server of CARRYOVER_SOURCE_URL cannot be used');
    expect(outcome.text).toContain('target:\n  the server of CARRYOVER_TARGET_URL cannot be used');
    expect(outcome.text).toMatch(/docker compose up[^]*apt-get install[^]*brew install/);
    expect(outcome.text).not.toContain('SECRET');
    expect(outcome.text).not.toMatch(/^\s+at /m);
    expect(existsSync(join(home, 'services.json'))).toBe(false);
    expect(processesOf(home)).toEqual([]);
  });

  it('tells a wrong URL by the name of its variable', async () => {
    const outcome = await runScript('up.mjs', newHome(), [], { CARRYOVER_SOURCE_URL: 'postgres://a:SECRET@h/d' });
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.text).toBe(
      'CARRYOVER_SOURCE_URL begins with postgres:// where mysql:// or mariadb:// is expected.\n',
    );
  });
});

async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('this did not come about within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
