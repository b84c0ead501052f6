import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What services.json holds. */
export interface Services {
  temporal: { address: string; ui: string };
  source: { url: string };
  target: { url: string };
}

/** The home of this run's servers, which the start of the group has set. */
export function testHome(): string {
  const home = process.env.CARRYOVER_TEST_HOME;
  if (!home) throw new Error('CARRYOVER_TEST_HOME is not set: test/support/start-servers.ts has not run.');
  return home;
}

/** Where this run's private servers are. */
export function services(): Services {
  return JSON.parse(readFileSync(join(testHome(), 'services.json'), 'utf8')) as Services;
}

/** A new home for a test that starts servers or a demo of its own; the end of the run stops and removes what is in it. */
export function newHome(): string {
  const homes = join(testHome(), 'homes');
  mkdirSync(homes, { recursive: true });
  return mkdtempSync(join(homes, 'home-'));
}

/** The environment for a child, without any setting of the person who runs the tests. */
export function cleanEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(CARRYOVER|TEMPORAL|SAMPLE)_/.test(name));
  return { ...Object.fromEntries(kept), ...more };
}
