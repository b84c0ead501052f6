/** A replay with nothing in open quarantine: it completes, says so, and does nothing else. */
import { FakeRun } from '../support/fake-activities';
import { openTemporal, progressOf, scheduledActivities } from '../support/temporal';
import type { TestTemporal } from '../support/temporal';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

it.each(['proven', 'not_proven'] as const)('completes, whatever the latest word is: %s', async (verdict) => {
  const nothingToDo = 'no row of case-states is in open quarantine';
  const fake = new FakeRun({ batches: 1, planned: { nothingToDo, verdict } });
  const window = { until: '05:00', zone: 'UTC' };
  await temporal.replay(fake, { migration: 'case-states', window }, async (handle) => {
    expect(await handle.result()).toEqual({
      outcome: 'nothing_to_do',
      cause: nothingToDo,
      verdict,
    });
    const { events } = await handle.fetchHistory();
    expect(scheduledActivities({ events })).toEqual([{ type: 'plan', summary: 'plan' }]);
    // Neither a timer for hours that nobody needs, nor search attributes of a run that is none.
    expect(events!.filter(({ timerStartedEventAttributes: timer }) => timer != null)).toEqual([]);
    expect((await handle.describe()).searchAttributes).not.toHaveProperty('CarryoverRun');
    expect(await progressOf(handle)).toMatchObject({ state: 'finished', run: null });
  });
  expect(fake.calls).toEqual(['open as replay']);
});
