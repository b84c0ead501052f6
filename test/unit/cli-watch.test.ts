import type { Terminal } from '../../cli/terminal';
import { UserError } from '../../cli/user-error';
import { watch } from '../../cli/watch';
import type { Look } from '../../cli/watch';

const EVERY_S = 0.001;

const look = (line: string, over = false): Look => ({
  text: `all of ${line}`,
  lines: ['messages: never run', line],
  document: { line },
  code: over ? 2 : 0,
  over,
});

/** Watches what is seen in turn; an error is thrown. */
async function watched(seen: readonly (Look | Error)[], options: { screen?: boolean; json?: boolean } = {}) {
  const said = { out: [] as string[], err: [] as string[], painted: [] as string[] };
  const stop = new AbortController();
  const terminal: Terminal = {
    out: (text) => void said.out.push(text),
    err: (text) => void said.err.push(text),
    drawable: false,
    columns: 80,
    redraw: () => undefined,
    screen: options.screen === true,
    repaint: (text) => void said.painted.push(text),
    ask: () => Promise.resolve(null),
    interruption: () => stop.signal,
  };
  const left = [...seen];
  const next = (): Promise<Look> => {
    const now = left.shift();
    if (now === undefined) {
      stop.abort();
      return new Promise(() => undefined);
    }
    return now instanceof Error ? Promise.reject(now) : Promise.resolve(now);
  };
  const code = await watch(terminal, next, EVERY_S, options.json === true);
  return { code, ...said };
}

const away = new UserError('The target cannot be reached.', 3);
const withoutClock = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:]+Z /, ''));

it('prints a line only where it has changed, and ends by the code of the run that is over', async () => {
  const { code, out } = await watched([
    look('run 7 open'),
    look('run 7 open'),
    look('run 7 over', true),
    look('never'),
  ]);
  expect(code).toBe(2);
  expect(withoutClock(out)).toEqual(['messages: never run', 'run 7 open', 'run 7 over']);
});

it('ends with 130 when it is interrupted, also in the middle of a look', async () => {
  expect((await watched([look('run 7 open')])).code).toBe(130);
});

it('bears a ledger that is away for a while, but not at the first look', async () => {
  const { out } = await watched([look('a'), away, away, look('a'), look('b', true)]);
  expect(withoutClock(out)).toEqual(['messages: never run', 'a', 'The target cannot be reached. Looking again.', 'messages: never run', 'a', 'b']); // prettier-ignore
  await expect(watched([away])).rejects.toThrow('cannot be reached');
  await expect(watched([look('a'), new UserError('no such run', 1)])).rejects.toThrow('no such run');
});

it('draws the screen anew each time, and keeps what it saw before where it sees nothing', async () => {
  const { painted, out } = await watched([look('a'), away], { screen: true });
  expect(out).toEqual([]);
  expect(painted).toEqual([
    expect.stringMatching(/; Ctrl-C ends the watch, not the run\n\nall of a$/),
    expect.stringMatching(/Ctrl-C .*\n\nThe target cannot be reached. Looking again.\nBelow is .*\n\nall of a$/),
  ]);
});

it('prints one JSON document to a line where something has changed', async () => {
  const { out, err } = await watched([look('a'), look('a'), away, look('b')], { json: true });
  expect(out).toEqual(['{"line":"a"}', '{"line":"b"}']);
  expect(err).toEqual(['The target cannot be reached. Looking again.']);
});
