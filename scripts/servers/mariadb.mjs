import { randomInt } from 'node:crypto';
import { mkdtempSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommand, output, run } from '../commands.mjs';
import { Failure, say } from '../messages.mjs';
import { end, findByArguments } from '../processes.mjs';
import { dataFolder, giveTo, serverAccount } from './account.mjs';
import { aptInstall, aptProblem } from './apt.mjs';
import { EndedAtStart, launch, plainEnvironment } from './launch.mjs';
import { freePorts } from './ports.mjs';
import { newPassword } from './state.mjs';

const LOGIN = 'carryover_admin';
const DATABASE = 'clinic';
const SOCKET_LIMIT = 100; // bytes: the system allows 107, the server adds a few of its own

/** Starts the private MariaDB (or MySQL) unless it runs. Returns its URL. */
export async function startMariadb(home, state) {
  const account = serverAccount(['mysql']);
  const folder = dataFolder(home, 'mariadb', account, state.get('source').folder);
  state.set('source', { folder });
  if (findRunning(folder).length > 0 && (await canLogIn(state.get('source')))) {
    say('source: the private MariaDB is running already.');
    return urlOf(state.get('source'));
  }
  await endAll(folder); // one that hangs, or of which we lost the password
  const server = await obtain(home);
  if (!state.get('source').created || !existsSync(join(folder, 'data'))) {
    await create({ home, state, server, folder, account });
  }
  await start({ home, state, server, folder, account });
  return urlOf(state.get('source'));
}

/** Stops the private MariaDB of a home. */
export async function stopMariadb(state) {
  const { folder } = state.get('source');
  return folder ? endAll(folder) : false;
}

async function obtain(home) {
  const found = await onPath();
  if (found) {
    say(`source: ${found.version}, found at ${found.command}, as a private instance.`);
    return found;
  }
  const tried = ['neither mariadbd nor mysqld is on PATH'];
  const problem = aptProblem();
  if (problem) throw new Failure(`${tried[0]}\n  and cannot be installed here: ${problem}`);
  // The core packages hold the server without its service; not every release has them.
  for (const packages of [['mariadb-server-core', 'mariadb-client-core'], ['mariadb-server']]) {
    try {
      say(`source: neither mariadbd nor mysqld is on PATH; apt-get install ${packages.join(' ')} ...`);
      await aptInstall(home, packages);
      const installed = await onPath();
      if (installed) return installed;
      tried.push(`apt-get installed ${packages[0]}, but there is no mariadbd`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!tried.includes(error.message)) tried.push(error.message);
    }
  }
  throw new Failure(tried.join('\n  '));
}

async function onPath() {
  const command = findCommand(['mariadbd', 'mysqld']);
  if (!command) return undefined;
  const version = (await output(command, ['--no-defaults', '--version'])) ?? '';
  const number = /Ver (\d+\.\d+\.\d+)/.exec(version)?.[1] ?? '';
  const isMariadb = /mariadb/i.test(version);
  return { command, isMariadb, version: `${isMariadb ? 'MariaDB' : 'MySQL'} ${number}` };
}

async function create({ home, state, server, folder, account }) {
  say(`source: creating a private ${server.version} ...`);
  const data = join(folder, 'data');
  rmSync(data, { recursive: true, force: true }); // what an interrupted creation left
  const user = [`--tmpdir=${temporaryFolder(folder, account)}`, ...(account ? [`--user=${account.name}`] : [])];
  // Not run under the account: the install script wants to see root when it is told a user.
  const options = { cwd: folder, log: join(home, 'logs', 'mariadb-create.log'), env: plainEnvironment() };
  if (server.isMariadb) {
    const script = findCommand(['mariadb-install-db', 'mysql_install_db']);
    if (!script) throw new Failure('mariadb-install-db is not on PATH, though mariadbd is');
    const quiet = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
    await run(script, ['--no-defaults', `--datadir=${data}`, ...quiet, ...user], options);
  } else {
    mkdirSync(data, { mode: 0o700 });
    giveTo(account, data);
    await run(server.command, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...user], options);
  }
  // MariaDB has no id of its own like MySQL's server_uuid: this one tells two private instances apart.
  state.set('source', { created: true, secured: false, serverId: randomInt(1, 2 ** 32 - 1), password: newPassword() });
}

async function start({ home, state, server, folder, account }) {
  const { secured, serverId, password } = state.get('source');
  const firstSql = join(folder, 'first-start.sql');
  if (!secured) {
    // The server runs this file before it listens: it is never reachable without a password.
    writeFileSync(firstSql, logins(password), { mode: 0o600 });
    giveTo(account, firstSql);
  }
  try {
    for (let attempt = 1; ; attempt++) {
      const [port] = await freePorts(1, [state.get('source').port]);
      state.set('source', { port });
      const options = optionFile({ folder, port, serverId, account, state, firstSql: secured ? undefined : firstSql });
      try {
        await launch({
          name: server.version,
          command: server.command,
          args: [`--defaults-file=${options}`, ...(account ? [`--user=${account.name}`] : [])],
          cwd: folder,
          log: join(home, 'logs', 'mariadb.log'),
          ready: () => canLogIn(state.get('source')),
        });
        state.set('source', { secured: true });
        return;
      } catch (error) {
        if (!(error instanceof EndedAtStart) || attempt === 3) throw error; // else the port was taken in the meantime
      }
    }
  } finally {
    rmSync(firstSql, { force: true });
  }
}

const logins = (password) =>
  [
    'FLUSH PRIVILEGES;',
    `CREATE DATABASE IF NOT EXISTS ${DATABASE} CHARACTER SET utf8mb4;`,
    `CREATE USER IF NOT EXISTS '${LOGIN}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${LOGIN}'@'%' WITH GRANT OPTION;`,
    `DROP USER IF EXISTS 'root'@'localhost', 'root'@'127.0.0.1', 'root'@'::1';`,
    '',
  ].join('\n');

function optionFile({ folder, port, serverId, account, state, firstSql }) {
  const file = join(folder, 'server.cnf');
  const lines = [
    '[mysqld]',
    `datadir = ${join(folder, 'data')}`,
    `tmpdir = ${temporaryFolder(folder, account)}`,
    `socket = ${socketPath(folder, account, state)}`,
    `pid-file = ${join(folder, 'server.pid')}`,
    'bind-address = 127.0.0.1',
    `port = ${port}`,
    `server-id = ${serverId}`,
    'skip-name-resolve',
    'skip-log-bin',
    'loose-mysqlx = OFF', // MySQL's second protocol would listen on every address
    'character-set-server = utf8mb4',
    'collation-server = utf8mb4_unicode_ci',
    'max_allowed_packet = 64M',
    'innodb_buffer_pool_size = 256M',
    'max_connections = 400',
    ...(firstSql ? [`init-file = ${firstSql}`] : []),
    '',
  ];
  writeFileSync(file, lines.join('\n'));
  giveTo(account, file);
  return file;
}

/** Of its own: a server that starts removes the temporary tables that it finds, also those of another that runs. */
function temporaryFolder(folder, account) {
  const own = join(folder, 'tmp');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  giveTo(account, own);
  return own;
}

/** The server insists on a socket, which nobody uses: beside the data, or in a short place when that path is too long. */
function socketPath(folder, account, state) {
  const near = join(folder, 'server.sock');
  if (Buffer.byteLength(near) <= SOCKET_LIMIT) return near;
  const known = state.get('source').socketFolder;
  const short = known && existsSync(known) ? known : mkdtempSync(join(tmpdir(), 'carryover-'));
  giveTo(account, short);
  state.set('source', { socketFolder: short });
  return join(short, 'server.sock');
}

function findRunning(folder) {
  return findByArguments([`--defaults-file=${join(folder, 'server.cnf')}`]);
}

async function endAll(folder) {
  const found = findRunning(folder);
  await Promise.all(
    found.map((identity) =>
      end(identity, [
        ['SIGTERM', 30_000],
        ['SIGKILL', 5_000],
      ]),
    ),
  );
  return found.length > 0;
}

function urlOf({ port, password }) {
  return `mysql://${LOGIN}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

async function canLogIn({ port, password }) {
  if (!port || !password) return false;
  try {
    const { createConnection } = await import('mysql2/promise');
    const connection = await createConnection({ uri: urlOf({ port, password }), connectTimeout: 5_000 });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}
