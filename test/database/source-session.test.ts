/** How a read of the source ends when somebody stops it, and when nobody answers any more. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../database/source/open-source';
import type { Source } from '../../database/source/open-source';
import { sumSource } from '../../database/source/checksum';
import { readBatch } from '../../database/source/read-batch';
import { caseStates } from '../../mappings/case-states';
import { defineMapping } from '../../mappings/define';
import type { Mapping } from '../../mappings/mapping';
import { eventually, never, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { createLimitedLogins } from '../support/worker';
import type { LimitedLogins } from '../support/worker';
import { addStates, createClinic } from './clinic';

const ALL = { after: null, from: ['1'], to: ['4294967295'] };

/** A predicate over which the server thinks for minutes at the first row; unlike a sleep, it does not notice a reader that went. */
const slowly = defineMapping({
  ...caseStates,
  source: { ...caseStates.source, where: "BENCHMARK(500000000, SHA2('x', 256)) = 0" },
});

let engine: Engine;
let logins: LimitedLogins;
/** Under the documented account, which may read and nothing else. */
let reader: Source;

beforeAll(async () => {
  engine = await createClinic();
  await addStates(engine, [{ id: 1 }]);
  logins = await createLimitedLogins(engine);
  reader = openSource(logins.sourceUrl);
});

afterAll(async () => {
  await reader?.close();
  await logins?.drop();
  await engine?.drop();
});

/** Statements of the product that the source server is at. */
async function running(): Promise<string[]> {
  const rows = await engine.onSource('SHOW FULL PROCESSLIST');
  const database = new URL(engine.sourceUrl).pathname.slice(1);
  return rows.flatMap((row) =>
    row.db === database && row.Command === 'Query' && row.Info !== 'SHOW FULL PROCESSLIST' ? [row.Info ?? ''] : [],
  );
}

/** Rows of two kilobytes, more than what sockets and buffers hold. */
async function fill(): Promise<void> {
  await engine.onSource(
    `INSERT INTO dispatch_state (instruction_id, status, \`on\`, notes, created_at)
     SELECT 1, 11, 1, REPEAT('x', 2000), '2024-01-01'
     FROM information_schema.collations a, information_schema.collations b LIMIT 20000`,
  );
}

/** Takes what comes, and holds its writer up while `open` has not resolved. */
function sinkBehind(open: Promise<void>): { sink: Writable; taken: () => number } {
  let taken = 0;
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    taken += chunk.length;
    if (taken < 1_000_000) done();
    else void open.then(done);
  };
  return { sink: new Writable({ write }), taken: () => taken };
}

describe('a read that is aborted', () => {
  const reads: [string, (mapping: Mapping, signal: AbortSignal) => Promise<unknown>][] = [
    ['counts', (mapping, signal) => readBatch(reader, mapping, ALL, [], () => new Writable(), signal)],
    ['sums', (mapping, signal) => sumSource(reader, mapping, ALL, signal)],
  ];

  it.each(reads)('while the server %s ends at once, and on the server too', async (_what, read) => {
    const stop = new AbortController();
    const reading = read(slowly, stop.signal);
    const ended = expect(reading).rejects.toThrow('the read was cancelled');
    await eventually('a busy server', async () => (await running()).some((sql) => /BENCHMARK/.test(sql)));
    stop.abort();
    await ended;
    await eventually('a server at rest', async () => (await running()).length === 0, 10_000);
  });

  it('while its sink holds it up leaves nothing running', async () => {
    await fill();
    const stop = new AbortController();
    const { sink, taken } = sinkBehind(new Promise(() => undefined));
    const reading = readBatch(reader, caseStates, ALL, [], () => sink, stop.signal);
    const ended = expect(reading).rejects.toThrow('the read was cancelled');
    await eventually('a stream that is held up', () => Promise.resolve(taken() > 1_000_000));
    expect(await running()).toHaveLength(1);
    stop.abort();
    await ended;
    await eventually('a server at rest', async () => (await running()).length === 0, 10_000);
  });

  it('before it began begins nothing, and leaves the other queries alone', async () => {
    const reading = sumSource(reader, slowly, ALL, AbortSignal.abort());
    await expect(reading).rejects.toThrow('the read was cancelled');
    expect(await running()).toEqual([]);
    expect(await reader.query('source.identity', 'SELECT 1')).toEqual([['1']]);
  });
});

interface Proxy {
  readonly source: Source;
  /** Lets no byte pass any more, and closes nothing: as a cable that is cut. */
  cut(): void;
  close(): Promise<void>;
}

/** The source behind a proxy, with a limit of silence of its own. */
async function openProxy(silenceMs: number): Promise<Proxy> {
  const { hostname, port } = new URL(engine.sourceUrl);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      // prettier-ignore
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(engine.sourceUrl);
  [url.hostname, url.port] = ['127.0.0.1', String((server.address() as AddressInfo).port)];
  const source = openSource(url.href, 4, undefined, silenceMs);
  return {
    source,
    cut: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: async () => {
      await source.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a streaming read', () => {
  beforeAll(fill);

  it('is lost when the connection falls silent without an end', async () => {
    const proxy = await openProxy(800);
    try {
      let open: () => void = () => undefined;
      const { sink, taken } = sinkBehind(new Promise<void>((resolve) => (open = resolve)));
      const reading = refusal(readBatch(proxy.source, caseStates, ALL, [], () => sink, never()));
      await eventually('a stream that flows', () => Promise.resolve(taken() > 1_000_000));
      proxy.cut();
      open();
      const error = await Promise.race([reading, sleep(20_000, undefined, { ref: false })]);
      expect(error?.type).toBe('SourceUnavailable');
      expect(taken()).toBeLessThan(40_000_000);
    } finally {
      await proxy.close();
    }
  });

  it('is not lost while its own sink is slow', async () => {
    const source = openSource(engine.sourceUrl, 4, undefined, 400);
    try {
      const { sink, taken } = sinkBehind(sleep(2_000));
      const counts = await readBatch(source, caseStates, ALL, [], () => sink, never());
      expect(counts.read).toBe(counts.source);
      expect(taken()).toBeGreaterThan(40_000_000);
    } finally {
      await source.close();
    }
  });
});

it('bounds a statement by the name that the server has for it, below the time of an activity', async () => {
  const sql = "SHOW VARIABLES WHERE Variable_name IN ('max_statement_time', 'max_execution_time')";
  const limits = await reader.query('source.identity', sql);
  const seconds = limits.map(([name, value]) => Number(value) / (name === 'max_execution_time' ? 1000 : 1));
  expect(seconds).toEqual([25 * 60]);
});
