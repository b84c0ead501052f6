import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { say } from '../messages.mjs';
import { end, findByArguments } from '../processes.mjs';
import { EndedAtStart, launch } from './launch.mjs';
import { freePorts } from './ports.mjs';
import { temporalCommand } from './temporal-cli.mjs';

/** What `shared/names.ts` calls SEARCH_ATTRIBUTES, in the words of the command line; a unit test compares the two. */
export const SEARCH_ATTRIBUTES = [
  'CarryoverMigration=Keyword',
  'CarryoverRun=Keyword',
  'CarryoverState=Keyword',
  'CarryoverParked=Int',
];

/** Starts the private Temporal unless it runs. Returns the addresses of server and UI. */
export async function startTemporal(home, state) {
  const { ports } = state.get('temporal');
  if (findRunning(home).length > 0 && (await isReady(ports))) {
    say('Temporal: the private server is running already.');
    return addresses(ports);
  }
  await stopTemporal(home);
  const command = await temporalCommand(home);
  mkdirSync(join(home, 'temporal'), { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const chosen = await freePorts(4, state.get('temporal').ports);
    state.set('temporal', { ports: chosen });
    try {
      await launch({
        name: 'Temporal',
        command,
        args: serverArguments(home, chosen),
        cwd: home,
        log: join(home, 'logs', 'temporal.log'),
        ready: () => isReady(chosen),
      });
      return addresses(chosen);
    } catch (error) {
      if (!(error instanceof EndedAtStart) || attempt === 3) throw error; // else a port was taken in the meantime
    }
  }
}

/** Stops the private Temporal of a home. */
export async function stopTemporal(home) {
  const found = findRunning(home);
  await Promise.all(found.map((identity) => end(identity)));
  return found.length > 0;
}

function findRunning(home) {
  return findByArguments(['start-dev', databaseFile(home)]);
}

function databaseFile(home) {
  return join(home, 'temporal', 'temporal.db');
}

/**
 * Dynamic configuration: the workflow's own Pause, and more than the 20 looks a second that the server takes at its
 * queue, which make each step of a batch wait for 40 ms, and again for its answer.
 */
export const DYNAMIC_CONFIG = ['frontend.WorkflowPauseEnabled=true', 'history.transferProcessorMaxPollRPS=1000'];

function serverArguments(home, [port, uiPort, httpPort, metricsPort]) {
  const options = {
    '--ip': '127.0.0.1',
    '--port': port,
    '--ui-port': uiPort,
    '--http-port': httpPort,
    '--metrics-port': metricsPort,
    '--db-filename': databaseFile(home),
    '--log-level': 'error',
  };
  const attributes = SEARCH_ATTRIBUTES.flatMap((attribute) => ['--search-attribute', attribute]);
  return [
    'server',
    'start-dev',
    '--ui-disable-news-fetch',
    ...Object.entries(options).flat().map(String),
    ...DYNAMIC_CONFIG.flatMap((setting) => ['--dynamic-config-value', setting]),
    ...attributes,
  ];
}

function addresses([port, uiPort]) {
  return { address: `127.0.0.1:${port}`, ui: `http://127.0.0.1:${uiPort}` };
}

/** Ready is: the namespace answers with our search attributes, and the UI answers. */
async function isReady(ports) {
  if (!ports) return false;
  const [, uiPort, httpPort] = ports;
  try {
    const [attributes, ui] = await Promise.all([
      get(`http://127.0.0.1:${httpPort}/api/v1/namespaces/default/search-attributes`),
      get(`http://127.0.0.1:${uiPort}/`),
    ]);
    const { customAttributes } = await attributes.json();
    return ui.ok && SEARCH_ATTRIBUTES.every((pair) => pair.split('=')[0] in customAttributes);
  } catch {
    return false;
  }
}

function get(url) {
  return fetch(url, { signal: AbortSignal.timeout(3_000) });
}
