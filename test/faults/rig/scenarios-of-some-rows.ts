/** Runs that take some rows again, over a pair that was damaged after its full run. */
import { caseStates } from '../../../mappings/case-states';
import { defineMapping } from '../../../mappings/define';
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

/** The sample's mapping, but rows that are gone are deleted. */
export const deletingStates = defineMapping({
  ...caseStates,
  name: 'case-states-deleting',
  id: { ...caseStates.id, namespace: '0d6c1c57-7f0e-5f7b-9a55-3f8c2f3f9a61' },
  gone: { policy: 'delete' },
});

const resync: Scenario = {
  name: 'resync',
  seed: 'moved',
  mapping: deletingStates,
  prepare: moveHere,
  drive: async (lane, operator) => {
    await operator.start('resync', lane.taskQueue, lane.name, { migration: deletingStates.name, batchRows: 8 });
    return operator.outcome(lane.name);
  },
};

const undo: Scenario = {
  name: 'undo',
  seed: 'resynced',
  mapping: deletingStates,
  prepare: moveHere,
  drive: async (lane, operator) => {
    await operator.start('undo', lane.taskQueue, lane.name, { migration: deletingStates.name, run: '2' });
    return operator.outcome(lane.name);
  },
};

export const SCENARIOS_OF_SOME_ROWS: readonly Scenario[] = [again('replay', 10), again('repair', 3), resync, undo];
