import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writePrivate } from '../files.mjs';
import { ROOT } from '../project.mjs';
import { newPassword } from '../servers/state.mjs';

/** Logins that the sample creates: the demo works with no more rights than an operator should give. */
const READER = 'carryover_reader';
const WORKER = 'carryover_worker';

/** What the demo's children are told, all of it by environment: argument lists can be seen by everybody. */
export function environments(home, { services, isPrivate }, env = process.env) {
  const passwords = { reader: newPassword(), worker: newPassword() };
  const common = {
    CARRYOVER_HOME: home, // services.json there knows the UI
    ...temporalSettings(home, services, isPrivate, env),
    CARRYOVER_TASK_QUEUE: env.CARRYOVER_TASK_QUEUE ?? taskQueue(home, isPrivate),
    CARRYOVER_REPORTS_DIR: env.CARRYOVER_REPORTS_DIR ?? join(ROOT, 'reports'),
  };
  const inherited = Object.fromEntries(Object.entries(env).filter(([name]) => !isOurs(name)));
  return {
    taskQueue: common.CARRYOVER_TASK_QUEUE,
    reportsFolder: common.CARRYOVER_REPORTS_DIR,
    sample: {
      ...inherited,
      CARRYOVER_SOURCE_URL: services.source.url,
      CARRYOVER_TARGET_URL: services.target.url,
      SAMPLE_READER_PASSWORD: passwords.reader,
      SAMPLE_WORKER_PASSWORD: passwords.worker,
    },
    limited: {
      ...inherited,
      ...common,
      CARRYOVER_SOURCE_URL: withLogin(services.source.url, READER, passwords.reader),
      CARRYOVER_TARGET_URL: withLogin(services.target.url, WORKER, passwords.worker),
    },
  };
}

function isOurs(name) {
  return /^(CARRYOVER|TEMPORAL|SAMPLE)_/.test(name);
}

/**
 * The user's own Temporal keeps all of its variables. For a private one none of them holds, and no profile either: one in
 * the user's default file could add TLS or a key to the connection.
 */
function temporalSettings(home, services, isPrivate, env) {
  if (!isPrivate.temporal)
    return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('TEMPORAL_')));
  const noProfile = join(home, 'temporal', 'no-profile.toml');
  writePrivate(noProfile, '[profile.default]\n');
  return { TEMPORAL_ADDRESS: services.temporal.address, TEMPORAL_CONFIG_FILE: noProfile };
}

/** In a Temporal that others use too, the demo's workflows are known by a task queue of their own. */
export function taskQueue(home, isPrivate) {
  if (isPrivate.temporal) return 'carryover';
  return `carryover-demo-${createHash('sha256').update(`${hostname()} ${home}`).digest('hex').slice(0, 8)}`;
}

function withLogin(url, user, password) {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

/** The settings as a file for a shell, so that a person can go on where `--keep` stopped. */
export function writeShellFile(home, settings) {
  const file = join(home, 'demo.env');
  const lines = Object.entries(settings).filter(([name]) => isOurs(name));
  writePrivate(file, lines.map(([name, value]) => `${name}='${value.replace(/'/g, `'\\''`)}'\n`).join(''));
  return file;
}
