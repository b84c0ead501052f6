/** Runs that take some rows again, over a pair that was damaged after its full run. */
import { caseStates } from '../../../mappings/case-states';
import type { Lane } from './lane';
import type { Scenario } from './scenarios';

/** A copy of a pair is another one: its runs are made those of the copy. */
const moveHere = (lane: Lane): Promise<unknown> =>
  lane.onTarget(`
UPDATE carryover.runs SET source_identity = jsonb_set(source_identity, '{schema}', '"${lane.name}"'),
  target_identity = jsonb_set(target_identity, '{database}', '"${lane.name}"')`);

const again = (mode: 'repair' | 'replay', batchRows: number): Scenario => ({
  name: mode,
  seed: 'damaged',
  mapping: caseStates,
  prepare: moveHere,
  drive: async (lane, operator) => {
    await operator.start(mode, lane.taskQueue, lane.name, { migration: 'case-states', batchRows });
    return operator.outcome(lane.name);
  },
});

export const SCENARIOS_OF_SOME_ROWS: readonly Scenario[] = [again('replay', 10), again('repair', 3)];
