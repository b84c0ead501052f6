/** /healthz and /metrics of the worker process, as a monitor asks them. */
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { services } from '../support/servers';
import { portOf, startTcpProxy, through } from '../support/tcp-proxy';
import type { TcpProxy } from '../support/tcp-proxy';
import { connectTemporal, startWorkerProcess } from '../support/worker';
import type { TemporalClient, WorkerProcess } from '../support/worker';

let engine: Engine;
let temporal: TemporalClient;
const ways: Partial<Record<'source' | 'target' | 'temporal', TcpProxy>> = {};
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 400 } }), connectTemporal()]);
  ways.source = await startTcpProxy(portOf(engine.sourceUrl));
  ways.target = await startTcpProxy(portOf(engine.targetUrl));
  ways.temporal = await startTcpProxy(portOf(`http://${services().temporal.address}`));
});

afterAll(async () => {
  for (const worker of workers) await worker.end('SIGKILL');
  for (const way of Object.values(ways)) await way.close();
  await temporal?.close();
  await engine?.drop();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function worker(taskQueue: string, more: NodeJS.ProcessEnv): Promise<WorkerProcess> {
  const urls = {
    sourceUrl: through(engine.sourceUrl, ways.source!),
    targetUrl: through(engine.targetUrl, ways.target!),
  };
  const started = await startWorkerProcess(urls, taskQueue, engine.reportsDir, {
    TEMPORAL_ADDRESS: `127.0.0.1:${ways.temporal!.port}`,
    ...more,
  });
  workers.push(started);
  return started;
}

const WELL = { worker: 'polling', temporal: 'ok', source: 'ok', target: 'ok' };

describe('with CARRYOVER_HTTP_ADDRESS', () => {
  let base: string;
  let watched: WorkerProcess;
  const taskQueue = `endpoints-${randomUUID()}`;

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    watched = await worker(taskQueue, { CARRYOVER_HTTP_ADDRESS: `127.0.0.1:${port}` });
  });

  const health = async (): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${base}/healthz`);
    return { status: response.status, body: await response.json() };
  };
  const metrics = async (): Promise<string> => {
    const response = await fetch(`${base}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    return response.text();
  };

  it('is healthy, and tells of itself and of the ledger', async () => {
    expect(await health()).toEqual({ status: 200, body: WELL });
    const text = await metrics();
    expect(text).toMatch(/^carryover_build_info\{version="\d+\.\d+\.\d+",node="v\d+/m);
    expect(text).toMatch(/^carryover_ledger_up 1$/m);
    expect(text).toMatch(/^carryover_source_up 1$/m);
    expect(text).toMatch(/^carryover_runs\{migration="case-states",state="open"\} 0$/m);
    expect(text).not.toContain('carryover_last_proven_age_seconds{');
    expect(text).toMatch(/^temporal_worker_task_slots_available\{/m);
    // Two texts in one: no name may have its type twice, and every line is a comment or a sample.
    const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(types).size).toBe(types.length);
    const odd = text.split('\n').filter((line) => !/^(#.*|[a-z_]+(\{.*\})? [\d.e+-]+|)$/.test(line));
    expect(odd).toEqual([]);
  });

  it('counts what a run did', async () => {
    const handle = await temporal.start(taskQueue, { migration: 'case-states' });
    const result = await handle.result();
    const text = await metrics();
    const value = (sample: string): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${sample} `))
          ?.split(' ')[1],
      );
    expect(value('carryover_rows{migration="case-states",outcome="inserted"}')).toBe(result.inserted);
    expect(value('carryover_rows{migration="case-states",outcome="quarantined"}')).toBe(result.quarantined);
    expect(value('carryover_rows{migration="case-states",outcome="pending"}')).toBe(0);
    const reasons = [...text.matchAll(/^carryover_quarantine_rows\{.*\} (\d+)$/gm)].map(([, rows]) => Number(rows));
    expect(reasons.reduce((sum, rows) => sum + rows, 0)).toBe(result.quarantined);
    expect(value('carryover_last_proven_age_seconds{migration="case-states"}')).toBeLessThan(60);
    expect(value('carryover_runs{migration="case-states",state="not_proven"}')).toBe(0);
  }, 90_000);

  it.each(['source', 'target', 'temporal'] as const)('is unhealthy while %s is away, and names it', async (side) => {
    await ways[side]!.close();
    try {
      expect(await health()).toEqual({ status: 503, body: { ...WELL, [side]: 'away' } });
      const text = await metrics();
      expect(text).toMatch(new RegExp(`^carryover_ledger_up ${side === 'target' ? 0 : 1}$`, 'm'));
      expect(text).toMatch(new RegExp(`^carryover_source_up ${side === 'source' ? 0 : 1}$`, 'm'));
      expect(text).toContain('\ntemporal_');
      expect(text.includes('carryover_rows{')).toBe(side !== 'target');
    } finally {
      await ways[side]!.open();
    }
    await eventually('a healthy worker', async () => (await health()).status === 200);
  });

  it('serves nothing else, and takes nothing but GET', async () => {
    expect((await fetch(base)).status).toBe(404);
    expect((await fetch(`${base}/healthz/more`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${base}/healthz`, { method: 'HEAD' })).status).toBe(200);
  });

  it('refuses to start a second worker on the same address, and says what to do', async () => {
    const { port } = new URL(base);
    await expect(worker(taskQueue, { CARRYOVER_HTTP_ADDRESS: `127.0.0.1:${port}` })).rejects.toThrow(
      new RegExp(
        `the worker ended \\(1\\)[^]*CARRYOVER_HTTP_ADDRESS: the address 127.0.0.1:${port} cannot be taken \\(EADDRINUSE\\); choose a free port`,
      ),
    );
  });

  it('tells no login, and stops answering when the worker stops', async () => {
    const password = new URL(engine.targetUrl).password || new URL(engine.sourceUrl).password;
    expect(password).not.toBe('');
    expect((await metrics()) + JSON.stringify((await health()).body) + watched.log()).not.toContain(password);
    expect(await watched.end('SIGTERM')).toBe(0);
    await expect(fetch(`${base}/healthz`)).rejects.toThrow();
  });
});

/** TCP ports on which a process listens. */
function listeningPorts(pid: number): number[] {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // closed since it was listed
    }
  });
  const lines = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1),
  );
  return lines.flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === '0A' && sockets.includes(inode!) ? [parseInt(local!.split(':')[1]!, 16)] : [];
  });
}

const onLinux = process.platform === 'linux' ? it : it.skip;

describe('without it', () => {
  onLinux('listens nowhere; with it, on that port and one of the loopback', async () => {
    const port = await freePort();
    const open = await worker(`endpoints-${randomUUID()}`, { CARRYOVER_HTTP_ADDRESS: `127.0.0.1:${port}` });
    expect(listeningPorts(open.child.pid!)).toEqual(expect.arrayContaining([port]));
    expect(listeningPorts(open.child.pid!)).toHaveLength(2);
    const silent = await worker(`endpoints-${randomUUID()}`, {});
    expect(listeningPorts(silent.child.pid!)).toEqual([]);
  });
});
