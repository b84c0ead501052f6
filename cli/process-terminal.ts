import { createInterface } from 'node:readline/promises';
import type { Terminal } from './terminal';

/** This process's stdout and stderr. */
export function processTerminal(): Terminal {
  // A reader that has seen enough (`| head`) is no failure.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    drawable: process.stderr.isTTY === true,
    get columns() {
      return process.stderr.columns ?? 80;
    },
    redraw: (text) => void process.stderr.write(`\r\x1b[2K${text}`),
    screen: process.stdout.isTTY === true,
    // Each line is drawn over the one that was there: a screen that is cleared first would flicker.
    repaint: (text) => void process.stdout.write(`\x1b[H${text.replaceAll('\n', '\x1b[K\n')}\x1b[K\n\x1b[J`),
    ask: async (question) => {
      if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
    interruption: () => {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(signal));
      return stop.signal;
    },
  };
}
