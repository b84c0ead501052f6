/** A server that is away is waited for, told to the workflow ever rarer, and takes no try from what comes after it. */
import { CarryoverError } from '../../shared/errors';
import { OUTAGE_SIGNAL } from '../../shared/names';
import { FakeRun, STEPS } from '../support/fake-activities';
import { openTemporal } from '../support/temporal';
import type { History, TestTemporal } from '../support/temporal';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const AWAY = 4;

/** What activities have said of outages, in the order of the history. */
function toldIn({ events }: History): unknown[] {
  return (events ?? [])
    .map(({ workflowExecutionSignaledEventAttributes: signal }) => signal)
    .filter((signal) => signal?.signalName === OUTAGE_SIGNAL)
    .map((signal) => JSON.parse(Buffer.from(signal!.input!.payloads![0]!.data!).toString()) as unknown);
}

describe('a source that is away', () => {
  it('is waited for, and the class that follows has all its tries', async () => {
    const fake = new FakeRun({ batches: 1 }).on('extract', (_batch, time) => {
      if (time <= AWAY) throw new CarryoverError('SourceUnavailable', 'the source cannot be reached (X): words', 'X');
      // By Temporal's count this is the fifth attempt, the last one of this class.
      if (time === AWAY + 1) throw new CarryoverError('DatabaseError', 'refused');
    });
    await temporal.migrate(fake, async (handle) => {
      expect(await handle.result()).toMatchObject({ pending: 0 });
      const extracts = Array.from({ length: AWAY + 2 }, () => 'extract');
      expect(fake.callsOf(1)).toEqual(['cut', ...extracts, ...STEPS.slice(1)]);
      const cause = 'extract of batch 1 waits, tried again every 5 s: the source cannot be reached (X): words';
      expect(toldIn(await handle.fetchHistory())).toEqual([{ cause }, { cause }, { cause }]); // 1st, 2nd, 4th time
    });
  });
});
