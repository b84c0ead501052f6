import { Context } from '@temporalio/activity';
import { eventually } from '../support/engine';
import { FakeRun } from '../support/fake-activities';
import { openTemporal } from '../support/temporal';
import type { TestTemporal } from '../support/temporal';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

describe('a long step whose workflow is cancelled', () => {
  it('hears of it within seconds, also between two heartbeats', async () => {
    let heard = 0;
    const fake = new FakeRun({ batches: 1 }).on('load', () => {
      const { cancellationSignal: signal } = Context.current();
      return new Promise<void>((resolve) => {
        const hear = (): void => {
          heard = Date.now();
          resolve();
        };
        signal.addEventListener('abort', hear);
      });
    });
    await temporal.migrate(fake, async (handle) => {
      // Right after a heartbeat has been sent, the SDK holds the next ones back the longest.
      await eventually('a heartbeat of the load', async () => {
        const { pendingActivities } = (await handle.describe()).raw;
        const [step] = pendingActivities ?? [];
        return step?.activityType?.name === 'load' && step.lastHeartbeatTime != null;
      });
      const asked = Date.now();
      await handle.cancel();
      await eventually('a cancelled step', () => Promise.resolve(heard > 0));
      expect(heard - asked).toBeLessThan(6_000);
    });
  });
});
