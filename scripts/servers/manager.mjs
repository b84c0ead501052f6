import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome, readJsonIfThere, withLock, writePrivate } from '../files.mjs';
import { Failure, say } from '../messages.mjs';
import { startMariadb, stopMariadb } from './mariadb.mjs';
import { ownServers, ownSource, ownTarget, ownTemporal } from './own.mjs';
import { startPostgres, stopPostgres } from './postgres.mjs';
import { openState } from './state.mjs';
import { startTemporal, stopTemporal } from './temporal.mjs';
import { writeClientFiles } from './client-files.mjs';

/** Starts what does not run, and writes services.json. Returns the services and which of them are private. */
export async function up(home, env = process.env) {
  const own = ownServers(env);
  makeHome(home);
  return withLock(lockFile(home), 'starting or stopping servers', async () => {
    const state = openState(home);
    const [temporal, source, target] = await all({
      Temporal: own.temporal ? ownTemporal() : startTemporal(home, state),
      source: own.source ? ownSource(own.source) : startMariadb(home, state).then((url) => ({ url })),
      target: own.target ? ownTarget(own.target) : startPostgres(home, state).then((url) => ({ url })),
    });
    const services = { temporal, source, target };
    writePrivate(servicesFile(home), `${JSON.stringify(services, null, 2)}\n`);
    writeClientFiles(home, services);
    return { services, isPrivate: { temporal: !own.temporal, source: !own.source, target: !own.target } };
  });
}

/** Stops the private servers of a home; with `wipe`, their data goes as well. Returns the names of what was stopped. */
export async function down(home, { wipe = false } = {}) {
  if (!existsSync(home)) return [];
  return withLock(lockFile(home), 'starting or stopping servers', async () => {
    const state = openState(home);
    const stopped = await all({
      Temporal: stopTemporal(home),
      source: stopMariadb(state),
      target: stopPostgres(state),
    });
    rmSync(servicesFile(home), { force: true });
    if (wipe) wipeData(home, state);
    return ['Temporal', 'source', 'target'].filter((_, index) => stopped[index]);
  });
}

export function servicesFile(home) {
  return join(home, 'services.json');
}

/** What `up` wrote, or undefined when the servers are not up. */
export function readServices(home) {
  return readJsonIfThere(servicesFile(home));
}

function lockFile(home) {
  return join(home, 'servers.lock');
}

function wipeData(home, state) {
  const folders = [state.get('source').folder, state.get('source').socketFolder, state.get('target').folder];
  const files = ['temporal', 'mariadb', 'postgres', 'logs', 'private.json', 'mariadb-client.cnf', 'pgpass'];
  for (const path of [...folders.filter(Boolean), ...files.map((name) => join(home, name))]) {
    rmSync(path, { recursive: true, force: true });
  }
}

/** Waits for all, so that nothing is half started when the failures are told, all of them at once. */
async function all(work) {
  const names = Object.keys(work);
  const outcomes = await Promise.allSettled(Object.values(work));
  const failures = outcomes.flatMap(({ reason }, index) => (reason ? [{ server: names[index], reason }] : []));
  const bug = failures.find(({ reason }) => !(reason instanceof Failure));
  if (bug) throw bug.reason;
  if (failures.length > 0) throw new Failure(explain(failures));
  return outcomes.map(({ value }) => value);
}

function explain(failures) {
  const tried = failures.map(({ server, reason }) => `${server}:\n  ${reason.message}`);
  return `Not every server could be had. What was tried:\n\n${tried.join('\n\n')}\n\n${WAYS_OUT}`;
}

const WAYS_OUT = `Ways out:
  - your own servers: set TEMPORAL_ADDRESS, CARRYOVER_SOURCE_URL (mysql://...), CARRYOVER_TARGET_URL (postgres://...); see .env.example
  - containers: docker compose up (needs a .env, see .env.example)
  - Debian, Ubuntu: apt-get install mariadb-server-core mariadb-client-core python3-venv (then again)
  - macOS: brew install mariadb temporal (then again)`;

/** Says where everything is, without a secret. */
export function describe(home, { temporal, source, target }) {
  const database = (url) => `${new URL(url).host}${new URL(url).pathname}`;
  say(`Temporal ${temporal.address}${temporal.ui ? `, UI ${temporal.ui}` : ''}`);
  say(`source   ${database(source.url)}`);
  say(`target   ${database(target.url)}`);
  say(`URLs with logins: ${servicesFile(home)}`);
}
