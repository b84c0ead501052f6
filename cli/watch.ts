/** Looks again and again: redraws on a terminal, prints a line where something has changed elsewhere. */
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import type { Terminal } from './terminal';
import { UserError } from './user-error';

export interface Look {
  /** The whole, for a person. */
  readonly text: string;
  /** The same in a line for each run, without what changes by itself. */
  readonly lines: readonly string[];
  readonly document: object;
  readonly code: ExitCode;
  /** True where nothing will change any more. */
  readonly over: boolean;
}

/**
 * @param every seconds between two looks
 * @param json one JSON document to a line, where something has changed
 * @throws UserError where the first look fails; a later one is tried again
 */
export async function watch(
  terminal: Terminal,
  look: () => Promise<Look>,
  every: number,
  json: boolean,
): Promise<ExitCode> {
  const signal = terminal.interruption();
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const show = json ? showDocument(terminal) : terminal.screen ? showScreen(terminal, every) : showLines(terminal);
  let seen = false;
  for (;;) {
    const now = await Promise.race([attempt(look, seen), stopped]);
    if (now === null) return EXIT.interrupted;
    show(now);
    if (typeof now !== 'string') {
      seen = true;
      if (now.over) return now.code;
    }
    if ((await Promise.race([pause(every), stopped])) === null) return EXIT.interrupted;
  }
}

/** @returns why nothing could be seen, where a look before has succeeded */
async function attempt(look: () => Promise<Look>, seen: boolean): Promise<Look | string> {
  try {
    return await look();
  } catch (error) {
    if (!seen || !(error instanceof UserError) || error.exitCode !== EXIT.unreachable) throw error;
    return `${error.message} Looking again.`;
  }
}

function pause(seconds: number): Promise<true> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(true), seconds * 1000);
  });
}

type Show = (now: Look | string) => void;

const clock = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

function showScreen(terminal: Terminal, every: number): Show {
  let last = '';
  return (now) => {
    if (typeof now !== 'string') last = now.text;
    const trouble = typeof now === 'string' ? `\n\n${now}\nBelow is what was seen before.` : '';
    terminal.repaint(`${clock()}, every ${every} s; Ctrl-C ends the watch, not the run${trouble}\n\n${last}`);
  };
}

function showLines(terminal: Terminal): Show {
  let before: readonly string[] = [];
  return (now) => {
    const lines = typeof now === 'string' ? [now] : now.lines;
    for (const line of lines) if (!before.includes(line)) terminal.out(`${clock()} ${line}`);
    before = lines;
  };
}

function showDocument(terminal: Terminal): Show {
  let before = '';
  return (now) => {
    const key = typeof now === 'string' ? now : now.lines.join('\n');
    if (key === before) return;
    before = key;
    if (typeof now === 'string') terminal.err(now);
    else terminal.out(JSON.stringify(now.document));
  };
}
