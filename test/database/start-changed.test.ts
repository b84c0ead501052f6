/** Starts over an open run that began with something else, or that the ledger does not know: refused, accepted, begun anew. */
import { caseStates } from '../../mappings/case-states';
import { fingerprint } from '../../mappings/fingerprint';
import type { Mapping } from '../../mappings/mapping';
import { checkRun } from '../support/closing';
import { carryBatch, cutAll, migrate, never, refOf, refusal } from '../support/engine';
import { A, B, createStarts } from './starts-fixture';
import type { Starts } from './starts-fixture';

let s: Starts;

beforeAll(async () => {
  s = await createStarts();
});

beforeEach(() => s.begin());
afterEach(() => s.forget());
afterAll(() => s?.engine.drop());

describe('a run that began with another server', () => {
  it.each([
    ['source', 'the source server or schema'],
    ['target', 'the target server or database'],
  ])('is refused where the %s is another', async (side, words) => {
    const { run } = await s.start(A);
    await s.engine.onTarget(`UPDATE carryover.runs SET ${side}_identity = '{"server": "another"}'`);
    const error = await s.refused(B);
    expect(error).toMatchObject({
      type: 'MappingChanged',
      message:
        `run ${run} of case-states is open, and since it began ${words} changed. Bring back what it began with and ` +
        'start again to finish it; or accept the other server with "acceptServer": "<why>".',
    });
    expect((await s.runs())[0]).toMatchObject({ epoch: 1, owner: 'a a1' });
  });

  it('goes on with acceptServer, audited, and its steps run', async () => {
    const { run } = await s.start(A);
    await s.engine.onTarget(`UPDATE carryover.runs SET source_identity = '{"server": "another"}'`);
    const plan = await s.start(B, { acceptServer: 'moved to a new machine' });
    await s.start(B, { acceptServer: 'moved to a new machine' });
    expect(plan).toMatchObject({ run, epoch: 2 });
    expect(await s.audit(run)).toEqual([
      {
        verb: 'acceptServer',
        who: 'starter of b b1',
        claimed_by: null,
        reason: 'moved to a new machine',
        workflow: 'b',
      },
    ]);
    await cutAll(s.engine, caseStates, plan);
    expect((await carryBatch(s.engine, caseStates, refOf(plan, 1))).validate).toEqual({ compared: 4, differences: 0 });
  });

  it('is not begun anew over another server either, unless that is accepted', async () => {
    const { run } = await s.start(A);
    await s.engine.onTarget(`UPDATE carryover.runs SET source_identity = '{"server": "another"}'`);
    const changed = { ...caseStates, domain: 'another' };
    const error = await s.refused(B, { onChange: 'restart' }, changed);
    expect(error.message).toContain('since it began the source server or schema changed');
    expect(error.message).not.toContain('onChange');
    const plan = await s.start(B, { onChange: 'restart', acceptServer: 'it is a copy' }, changed);
    expect(plan).toMatchObject({ epoch: 1, resumed: false });
    expect((await s.audit(run)).map(({ verb }) => verb)).toEqual(['acceptServer', 'restart']);
  });
});

describe('a run that began with another mapping or another source table', () => {
  const changed: Mapping = { ...caseStates, domain: 'another' };

  it('is refused, naming the part of the mapping', async () => {
    const { run } = await s.start(A);
    const error = await s.refused(B, {}, changed);
    expect(error).toMatchObject({
      type: 'MappingChanged',
      message:
        `run ${run} of case-states is open, and since it began the mapping (domain) changed. Bring back what it began ` +
        'with and start again to finish it; or begin anew with "onChange": "restart".',
    });
    expect((await s.outcomes()).at(-1)).toBe('b b1 refused');
  });

  it('is refused, naming the column of the source', async () => {
    const { run } = await s.start(A);
    await s.engine.onSource('ALTER TABLE dispatch_state ADD COLUMN colour varchar(9), MODIFY COLUMN notes mediumtext');
    try {
      const { message } = await s.refused(B);
      expect(message).toContain(`run ${run} of case-states is open, and since it began columns of the source table (`);
      const named = /source table \(([^)]*)\) changed/.exec(message)![1]!.split(', ').sort();
      expect(named).toEqual(['colour', 'notes']);
    } finally {
      await s.engine.onSource('ALTER TABLE dispatch_state DROP COLUMN colour, MODIFY COLUMN notes text');
    }
  });

  it('names the mapping and the server at once, and both ways out', async () => {
    await s.start(A);
    await s.engine.onTarget(`UPDATE carryover.runs SET source_identity = '{"server": "another"}'`);
    expect((await s.refused(B, {}, changed)).message).toContain(
      'the mapping (domain) and the source server or schema changed. Bring back what it began with and start again to ' +
        'finish it; or begin anew with "onChange": "restart", and accept the other server with "acceptServer": "<why>".',
    );
  });

  it('is superseded by onChange restart: a new run begins, and the old owner’s activities stand back', async () => {
    const first = await s.start(A);
    await cutAll(s.engine, caseStates, first);
    const plan = await s.start(B, { onChange: 'restart', by: 'Ada' }, changed);
    expect(plan).toMatchObject({ epoch: 1, resumed: false });
    expect(await s.runs()).toEqual([
      { run: first.run, state: 'superseded', epoch: 2, owner: 'a a1' },
      { run: plan.run, state: 'open', epoch: 1, owner: 'b b1' },
    ]);
    expect(await s.audit(first.run)).toEqual([
      {
        verb: 'restart',
        who: 'starter of b b1',
        claimed_by: 'Ada',
        reason: 'changed: the mapping (domain)',
        workflow: 'b',
      },
    ]);
    expect((await s.outcomes()).at(-1)).toBe(`b b1 restarted ${plan.run}`);
    const ref = refOf(first, 1);
    const { runs, steps } = s.engine.ports;
    for (const late of [
      () => runs.remaining(ref.run, ref.epoch, 10),
      () => runs.cut(caseStates, { ...ref, batch: 2 }),
      () => runs.park(ref, 'no'),
      () => runs.finish(ref.run, ref.epoch),
      () => steps.extract(caseStates, ref, never()),
    ]) {
      expect((await refusal(late())).type).toBe('Superseded');
    }
  });

  it('goes on where nothing changed, also with onChange restart', async () => {
    const first = await s.start(A);
    expect(await s.start(B, { onChange: 'restart' })).toMatchObject({ run: first.run, epoch: 2, resumed: true });
  });

  it('of a run that is finished, the new one is used and recorded', async () => {
    await migrate(s.engine, caseStates);
    const plan = await s.start(B, {}, changed);
    const recorded = await s.engine.onTarget<{ fingerprint: string; domain: string }>(
      `SELECT fingerprint, mapping ->> 'domain' AS domain FROM carryover.runs WHERE run_id = $1`,
      [plan.run],
    );
    expect(recorded).toEqual([{ fingerprint: fingerprint(changed), domain: 'another' }]);
  });
});

describe('a ledger that was restored to an earlier moment', () => {
  it('knows nothing of the run, or holds an older owner: whoever asks is told', async () => {
    const first = await s.start(A, { batchRows: 2 });
    await cutAll(s.engine, caseStates, first);
    const unknown = { ...first, run: String(Number(first.run) + 1) };
    const ahead = { ...first, epoch: 2 };
    const { runs, steps } = s.engine.ports;
    for (const plan of [unknown, ahead]) {
      const ref = refOf(plan, 1);
      const decision = { run: plan.run, migration: plan.migration, epoch: plan.epoch, update: 'u' };
      for (const ask of [
        () => runs.remaining(plan.run, plan.epoch, 10),
        () => runs.cut(caseStates, refOf(plan, 2)),
        () => runs.park(ref, 'no'),
        () => runs.hold({ run: plan.run, epoch: plan.epoch, cause: 'no' }),
        () => runs.finish(plan.run, plan.epoch),
        () => runs.release(plan.run, plan.epoch),
        () => runs.decide({ ...decision, verb: 'pause' }, { workflow: 'a', workflowRun: 'a1' }),
        () => steps.extract(caseStates, ref, never()),
        () => steps.validate(caseStates, ref, never()),
      ]) {
        const error = await refusal(ask());
        expect(error.type).toBe('LedgerBehind');
        expect(error.message).toContain('the target was restored to an earlier moment');
      }
    }
    expect(await s.engine.onTarget(`SELECT 1 FROM carryover.batches WHERE state <> 'planned'`)).toEqual([]);
  });

  it('that lost what the last batches did, or that they were cut, ends no run', async () => {
    const plan = await s.start(A, { batchRows: 2 });
    const { runs } = s.engine.ports;
    for (const batch of [1, 2]) {
      await runs.cut(caseStates, refOf(plan, batch));
      expect((await refusal(runs.finish(plan.run, plan.epoch))).type).toBe('LedgerBehind');
      await carryBatch(s.engine, caseStates, refOf(plan, batch));
      if (batch === 1) expect((await refusal(runs.finish(plan.run, plan.epoch))).type).toBe('LedgerBehind');
    }
    expect((await s.runs())[0]!.state).toBe('open');
    await checkRun(s.engine, caseStates, plan);
    expect((await runs.finish(plan.run, plan.epoch)).verdict).toBe('proven');
  });

  it('that lost the last batches cuts none behind a gap', async () => {
    const plan = await s.start(A, { batchRows: 1 });
    for (const batch of [1, 2, 3]) await s.engine.ports.runs.cut(caseStates, refOf(plan, batch));
    await s.engine.onTarget('DELETE FROM carryover.batches WHERE batch > 1');
    const error = await refusal(s.engine.ports.runs.cut(caseStates, refOf(plan, 4)));
    expect(error.type).toBe('LedgerBehind');
    expect(error.message).toContain(`the ledger knows no batch 3 of run ${plan.run}`);
    for (const gone of [
      s.engine.ports.runs.park(refOf(plan, 2), 'no'),
      s.engine.ports.steps.extract(caseStates, refOf(plan, 2), never()),
    ]) {
      expect((await refusal(gone)).type).toBe('LedgerBehind');
    }
    expect(await cutAll(s.engine, caseStates, plan)).toEqual([1, 1, 1, 1]);
  });
});
