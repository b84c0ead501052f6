import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from './servers';

const ROOT = join(__dirname, '..', '..');

/** How a script ended and all that it printed. */
export interface Outcome {
  code: number | null;
  text: string;
}

/** Demands an exit code, and shows what the script printed when it is another. */
export function expectCode(outcome: Outcome, code: number): void {
  if (outcome.code !== code) throw new Error(`exit code ${outcome.code}, expected ${code}:\n${outcome.text}`);
}

/** A script that runs. */
export interface Running {
  child: ChildProcess;
  /** Resolves once the script has printed this; rejects if it ends without. */
  printed(pattern: RegExp): Promise<void>;
  ended: Promise<Outcome>;
}

/** Starts one of `scripts/` on a home of its own, without any setting of the person who runs the tests. */
export function startScript(name: string, home: string, args: string[] = [], more: NodeJS.ProcessEnv = {}): Running {
  const env = cleanEnvironment({ CARRYOVER_HOME: home, ...more });
  const child = spawn(process.execPath, [join(ROOT, 'scripts', name), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const hear = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise<Outcome>((resolve) => child.once('close', (code) => resolve({ code, text })));
  const printed = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(text)) {
      if (child.exitCode !== null)
        throw new Error(`${name} ended (${child.exitCode}) without ${String(pattern)}:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, printed, ended };
}

/** Runs one of `scripts/` to its end. */
export function runScript(
  name: string,
  home: string,
  args: string[] = [],
  more: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  return startScript(name, home, args, more).ended;
}

/** Processes that have to do with a home, by command line or environment: servers, worker, the demo's parts. */
export function processesOf(home: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({
      pid: Number(name),
      command: read(`/proc/${name}/cmdline`),
      settings: read(`/proc/${name}/environ`),
    }))
    .filter(({ command, settings }) => command !== '' && (command.includes(home) || settings.includes(home)))
    .map(({ pid, command }) => ({ pid, command }));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it has ended
  }
}
