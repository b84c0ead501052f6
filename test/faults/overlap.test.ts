/** A worker that everybody takes for dead, and is not: it is stopped in its load, or cut off from Temporal alone. */
import { Client } from 'pg';
import { eventually } from '../support/engine';
import { newHome } from '../support/servers';
import { startTcpProxy } from '../support/tcp-proxy';
import { GATE, differencesOf } from './rig/evidence';
import type { Evidence } from './rig/evidence';
import type { Lane } from './rig/lane';
import { readLedger } from './rig/ledger-reader';
import { gather, openLane, openRig, rehearse } from './rig/rig';
import type { Rig } from './rig/rig';
import { SCENARIOS } from './rig/scenarios';
import type { Place, RigWorker } from './rig/worker';

const plain = SCENARIOS.find(({ name }) => name === 'plain')!;
/** A worker that is stopped still has polls open: Temporal hands it what is to be tried again, some times over. */
const TAKEN_OVER_WITHIN_MS = 150_000;
let rig: Rig;
let undisturbed: Evidence;

beforeAll(async () => {
  rig = await openRig(newHome());
  ({ evidence: undisturbed } = await rehearse(rig, plain));
}, 120_000);

afterAll(() => rig?.close(), 60_000);

/** Runs `test` over a pair whose loads wait in mid-transaction until the gate is opened; what it leaves must be whole. */
async function atTheGate(test: (lane: Lane, openGate: () => Promise<void>) => Promise<void>): Promise<void> {
  const lane = await openLane(rig, plain);
  const reader = readLedger(lane.pair.targetUrl);
  const gate = new Client({ connectionString: lane.pair.targetUrl });
  gate.on('error', () => undefined);
  await gate.connect();
  try {
    await gate.query('SELECT pg_advisory_lock($1)', [GATE]);
    await test(lane, () => gate.end());
    await reader.stop();
    expect(reader.violations).toEqual([]);
    expect(reader.snapshots).toBeGreaterThan(10);
  } finally {
    await reader.stop();
    await gate.end().catch(() => undefined);
    await lane.drop();
  }
}

const waiting = async (lane: Lane): Promise<number[]> => {
  const rows = await lane.onTarget<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${GATE} AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows.map(({ pid }) => pid).sort();
};

const inTheGate = (lane: Lane, loads: number): Promise<void> =>
  eventually(`${loads} loads in mid-transaction`, async () => (await waiting(lane)).length === loads, 60_000);

/** Starts the plain run; returns what it ends with. */
function start(lane: Lane): () => Promise<Evidence> {
  const driven = plain.drive(lane, rig.operator);
  driven.catch(() => undefined);
  return async () => gather(lane, await driven);
}

const ends = async (worker: RigWorker): Promise<void> => {
  worker.signal('SIGTERM');
  expect(await worker.ended).toBe(0);
};

it('a worker that is stopped in its open load has no effect any more once another has taken its batches', async () => {
  await atTheGate(async (lane, openGate) => {
    const stopped = await lane.startWorker();
    const end = start(lane);
    await inTheGate(lane, 2);
    const old = await waiting(lane);
    stopped.signal('SIGSTOP');
    const passed: Place[] = [];
    await lane.startWorker([], { trace: (place) => passed.push(place) });
    // The newer attempts end the backends of the older ones, whose process cannot do it, and wait where those waited.
    const ended = ({ point, moment }: Place): boolean => point === 'attempt.endOlder' && moment === 'after';
    await eventually('newer attempts', () => Promise.resolve(passed.filter(ended).length >= 2), TAKEN_OVER_WITHIN_MS);
    await inTheGate(lane, 2);
    expect((await waiting(lane)).filter((pid) => old.includes(pid))).toEqual([]);
    stopped.signal('SIGCONT');
    await openGate();
    expect(differencesOf(await end(), undisturbed)).toEqual([]);
    await ends(stopped);
    expect(differencesOf(await end(), undisturbed)).toEqual([]);
  });
}, 300_000);

it('a worker that is cut off from Temporal alone ends its load, and its retry elsewhere finds it loaded', async () => {
  const proxy = await startTcpProxy(Number(rig.servers.services.temporal.address.split(':')[1]));
  try {
    await atTheGate(async (lane, openGate) => {
      const cut = await lane.startWorker([], { temporal: `127.0.0.1:${proxy.port}` });
      const end = start(lane);
      await inTheGate(lane, 2);
      await proxy.close();
      await openGate();
      await lane.until(`SELECT 1 FROM carryover.batches WHERE state = 'loaded' HAVING count(*) = 2`);
      const passed: Place[] = [];
      await lane.startWorker([], { trace: (place) => passed.push(place) });
      expect(differencesOf(await end(), undisturbed)).toEqual([]);
      // The two loads were asked for again, and had nothing to write.
      const inserts = passed.filter(({ point, moment }) => point === 'load.insertFresh' && moment === 'before').length;
      const begun = passed.filter(({ point, moment }) => point === 'load.begin' && moment === 'before').length;
      expect([inserts, begun]).toEqual([1, 1]);
      const [again] = await lane.onTarget('SELECT count(*)::int AS batches FROM carryover.batches WHERE attempts > 6');
      expect(again).toEqual({ batches: 2 });
      cut.signal('SIGKILL');
    });
  } finally {
    await proxy.close().catch(() => undefined);
  }
}, 300_000);
