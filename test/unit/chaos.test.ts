import { compare } from '../faults/chaos/compare';
import { drawPlan, killsServers } from '../faults/chaos/plan';
import { SERVERS } from '../faults/rig/servers';
import { VERBS } from '../../shared/names';

const plansOf = (seed: number, runs: number) => Array.from({ length: runs }, (_, index) => drawPlan(seed, index + 1));

describe('plans of the chaos', () => {
  it('are the same for the same seed and run, and others for others', () => {
    expect(drawPlan(7, 17)).toEqual(drawPlan(7, 17));
    const drawn = [...plansOf(7, 100), ...plansOf(8, 100)].map((plan) => JSON.stringify([plan.steps, plan.workers]));
    expect(new Set(drawn).size).toBe(200);
  });

  it('hold every kind of fault and every verb, within 200 runs', () => {
    const steps = plansOf(1, 200).flatMap((plan) => plan.steps);
    const verbs = steps.flatMap((step) => (step.kind === 'verb' ? [step.verb] : []));
    expect(new Set(verbs)).toEqual(new Set(VERBS));
    const killed = steps.flatMap((step) => (step.kind === 'kill servers' ? step.servers : []));
    expect(new Set(killed)).toEqual(new Set(SERVERS));
    expect([...new Set(steps.map(({ kind }) => kind))].sort()).toEqual([
      'cure',
      'cut way',
      'drop stage',
      'empty stage',
      'end sessions',
      'end worker',
      'freeze worker',
      'kill servers',
      'kill worker',
      'reset',
      'second start',
      'terminate',
      'verb',
    ]);
    const cuts = steps.flatMap((step) => (step.kind === 'cut way' ? [step.way] : []));
    expect(new Set(cuts)).toEqual(new Set(['temporal', 'source', 'target']));
  });

  it('kill servers in some runs, poison a batch in some, and end workers at points in some', () => {
    const plans = plansOf(1, 200);
    const share = (is: (plan: (typeof plans)[number]) => boolean): number => plans.filter(is).length / plans.length;
    expect(share(killsServers)).toBeGreaterThan(0.1);
    expect(share(killsServers)).toBeLessThan(0.35);
    expect(share(({ poisoned }) => poisoned !== null)).toBeGreaterThan(0.3);
    expect(share(({ workers }) => workers.some(({ ambush }) => ambush !== null))).toBeGreaterThan(0.3);
  });
});

describe('the proof of the chaos', () => {
  const undisturbed = {
    target: 'a',
    targetRows: 3,
    writes: 'b',
    writtenTwice: 0,
    stages: [],
    withoutReport: 0,
    quarantine: [{ legacy_key: '1', reasons: ['x'], source_row_sha256: 'c', state: 'open', attempts: 1, last_run: 1 }],
  };
  const row = undisturbed.quarantine[0]!;

  it('passes a run that left the same, in however many runs of the migration', () => {
    expect(compare({ ...undisturbed, quarantine: [{ ...row, attempts: 2, last_run: 2 }] }, undisturbed)).toEqual([]);
  });

  it.each([
    ['a target row that differs', { target: 'z' }, /^target: "z", and undisturbed "a"$/],
    ['a row too many', { targetRows: 4 }, /^targetRows/],
    ['a write too many', { writes: 'z' }, /^writes/],
    ['a row that was written twice', { writtenTwice: 1 }, /^writtenTwice/],
    ['a stage that was left', { stages: [{ tablename: 's' }] }, /^stages/],
    ['a run without its report', { withoutReport: 1 }, /^withoutReport/],
    ['another reason in quarantine', { quarantine: [{ ...row, reasons: ['y'] }] }, /quarantine is not that/],
    ['a row missing in quarantine', { quarantine: [] }, /quarantine is not that/],
  ])('fails one with %s', (_what, change, problem) => {
    const problems = compare({ ...undisturbed, ...change }, undisturbed);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
