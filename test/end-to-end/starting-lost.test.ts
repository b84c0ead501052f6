/** One of the two memories is lost in mid-run: that of Temporal, or what the target had since an earlier moment. */
import { rememberTarget } from '../support/restore';
import { startOwnTemporal } from '../support/own-temporal';
import type { OwnTemporal } from '../support/own-temporal';
import type { History } from '../support/temporal';
import { connectTemporal, failureOf } from '../support/worker';
import { GATE, LEFT, STANDSTILL, createRig, stepsByBatch } from './starting-rig';
import type { Rig } from './starting-rig';

describe('a Temporal that lost its database', () => {
  let own: OwnTemporal;
  let rig: Rig;
  beforeAll(async () => {
    own = await startOwnTemporal({ forgetful: true });
    rig = await createRig(own.address);
  }, 90_000);
  afterAll(async () => {
    await rig?.close();
    await own?.stop();
  });

  it('is another one: a start is refused, naming takeOver, and with it goes on, on record with who said why', async () => {
    const former = await rig.standstill();
    const [before] = await rig.runs();
    const cluster = () => rig.engine.onTarget('SELECT owner_cluster FROM carryover.runs');
    const formerCluster = await cluster();
    // It writes nothing to the disk: at the same address, it is now another cluster.
    await own.stop();
    await own.start();

    const failure = await failureOf(await rig.start());
    expect(failure.type).toBe('AlreadyRunning');
    expect(failure.message).toMatch(
      new RegExp(`owned by workflow ${former.workflowId} .*of another Temporal cluster; .*"takeOver": "<why>"`),
    );
    expect(await rig.runs()).toEqual([before]);
    expect(await rig.states()).toEqual(STANDSTILL);

    const bea = await connectTemporal({ address: own.address, identity: 'bea@ops' });
    try {
      const input = { migration: 'case-states', takeOver: 'its disk is gone' };
      const next = await bea.start(rig.taskQueue, input);
      await rig.epoch(2);
      rig.letGo();
      const result = await next.result();
      expect(result.run).toBe(before!.run);
      await rig.expectWhole(result);
      expect(stepsByBatch(await next.fetchHistory())).toEqual(LEFT);
      expect(await rig.runs()).toEqual([{ run: before!.run, epoch: 2, state: 'finished', owner: next.workflowId }]);
    } finally {
      await bea.close();
    }
    expect(await cluster()).not.toEqual(formerCluster);
    expect(await rig.audit()).toEqual([{ verb: 'takeOver', who: 'bea@ops', reason: 'its disk is gone' }]);
    expect(await rig.outcomes()).toEqual(['opened', 'refused', 'took_over']);
  }, 120_000);
});

describe('a target that is restored to an earlier moment while its run goes on', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
  });
  afterEach(() => rig?.forget());
  afterAll(() => rig?.close());

  /** The number of the event that plans the run anew. */
  const replanned = ({ events }: History): number => {
    const plans = events!.filter(
      ({ activityTaskScheduledEventAttributes: found }) => found?.activityType?.name === 'plan',
    );
    expect(plans).toHaveLength(2);
    return Number(plans[1]!.eventId);
  };

  it.each([
    { what: 'it loads', gate: GATE.late },
    { what: 'it ends', gate: GATE.end },
  ])('while $what: goes on from what its ledger holds, and every row is there', async ({ gate }) => {
    const handle = await rig.standstill();
    const [before] = await rig.runs();
    const restore = await rememberTarget(rig.engine);
    await rig.hold(gate);
    rig.letGo();
    await rig.waiting(1, gate);
    expect((await rig.states()).length).toBeGreaterThan(STANDSTILL.length);
    expect(await restore()).toEqual(STANDSTILL);

    const result = await handle.result();
    expect(result.run).toBe(before!.run);
    await rig.expectWhole(result);
    const history = await handle.fetchHistory();
    expect(stepsByBatch(history, replanned(history))).toEqual(LEFT);
    expect(await rig.runs()).toEqual([{ ...before, state: 'finished' }]);
    expect(await rig.outcomes()).toEqual(['opened']);
  });

  it('to before the run began: begins it again', async () => {
    const restore = await rememberTarget(rig.engine);
    const handle = await rig.standstill();
    expect(await restore()).toEqual([]);
    const result = await handle.result();
    await rig.expectWhole(result);
    const history = await handle.fetchHistory();
    expect(Object.keys(stepsByBatch(history, replanned(history)))).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
    ]);
    expect(await rig.outcomes()).toEqual(['opened']);
  });
});
