/** A COPY into the target that comes to no row: its worker lives on, and the error is the right side's. */
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import type { Point } from '../../database/points';
import { caseStates } from '../../mappings/case-states';
import { cutAll, eventually, openRun, refOf, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { addStates, createClinic } from './clinic';

let engine: Engine;
let held: Engine;
/** What happens while the source counts, before it sends the first row. */
let meanwhile: () => Promise<void>;

const interpose = async (point: Point, moment: 'before' | 'after'): Promise<void> => {
  if (point === 'source.count' && moment === 'before') await meanwhile();
};

beforeAll(async () => {
  engine = await createClinic();
  held = engine.as(openSource(engine.sourceUrl, 4, interpose), openTarget(engine.targetUrl));
  await addStates(engine, [{ id: 1 }, { id: 2 }]);
});

afterAll(async () => {
  await Promise.all([held?.source.close(), held?.target.end()]);
  await engine?.drop();
});

/** The connection of the step. */
const PRODUCT = `carryover.batches b JOIN pg_stat_activity a ON a.pid = b.backend_pid AND a.backend_start = b.backend_start`;

const idle = (): Promise<void> =>
  eventually('no step at work', async () => (await engine.onTarget(`SELECT 1 FROM ${PRODUCT}`)).length === 0);

async function extract(signal: AbortSignal): Promise<unknown> {
  const plan = await openRun(held, caseStates, {}, { currentRun: String(Math.random()) });
  await cutAll(held, caseStates, plan);
  return held.ports.steps.extract(caseStates, refOf(plan, 1), signal);
}

it('that is given up before its first row, because the source is lost, leaves the worker alive', async () => {
  meanwhile = () => Promise.reject(Object.assign(new Error('cut off'), { code: 'ECONNRESET' }));
  expect((await refusal(extract(new AbortController().signal))).type).toBe('SourceUnavailable');
  await idle();
});

it('that is given up because its step is cancelled leaves the worker alive', async () => {
  const stop = new AbortController();
  meanwhile = () => Promise.resolve(stop.abort());
  await expect(extract(stop.signal)).rejects.toThrow();
  await idle();
});

it('fails as the target’s where its connection has ended meanwhile', async () => {
  meanwhile = async () => {
    await engine.onTarget(`SELECT pg_terminate_backend(pid) FROM ${PRODUCT}`);
    await idle();
  };
  expect((await refusal(extract(new AbortController().signal))).type).toBe('TargetUnavailable');
});
