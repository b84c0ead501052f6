/** Runs the command line within the test, against the test's servers, and keeps what it said. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommandLine } from '../../cli/program';
import { loadConfig } from '../../config';
import { catalog } from '../../mappings/catalog';
import { services } from '../support/servers';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** stdout as JSON; throws where it is not exactly one document. */
  json<T = Record<string, unknown>>(): T;
}

/** Settings of the test's servers, a queue of its own, and no `.carryover/` to fall back to. */
export function testSettings(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    TEMPORAL_ADDRESS: services().temporal.address,
    TEMPORAL_CONFIG_FILE: join(tmpdir(), 'no-such-profile.toml'),
    CARRYOVER_TASK_QUEUE: `cli-${randomUUID()}`,
    ...more,
  };
}

/** @param interrupt aborts as Ctrl-C would */
export async function carryover(
  args: readonly string[],
  env: NodeJS.ProcessEnv = testSettings(),
  interrupt: AbortSignal = new AbortController().signal,
): Promise<Said> {
  const said = { out: '', err: '' };
  const cwd = mkdtempSync(join(tmpdir(), 'carryover-cli-'));
  try {
    const code = await runCommandLine(args, {
      terminal: {
        out: (text) => void (said.out += `${text}\n`),
        err: (text) => void (said.err += `${text}\n`),
        drawable: false,
        columns: 80,
        redraw: () => undefined,
        screen: false,
        repaint: () => undefined,
        ask: () => Promise.resolve(null),
        interruption: () => interrupt,
      },
      catalog,
      config: () => loadConfig(env, cwd),
      cwd,
    });
    return { code, ...said, json: <T>() => JSON.parse(said.out) as T };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
