/**
 * The life of a batch: its states, and every change between them that is legal. The ledger refuses any other
 * (`carryover.batch_transitions`), and docs/architecture.md shows the same table.
 */

export const BATCH_STATES = ['planned', 'running', 'loaded', 'validated', 'parked', 'skipped'] as const;

export type BatchState = (typeof BATCH_STATES)[number];

/** From, to, and what brings it about. A batch begins as `planned`; `validated` is the only state without a way out. */
export const BATCH_TRANSITIONS: readonly (readonly [from: BatchState, to: BatchState, when: string])[] = [
  ['planned', 'running', 'an attempt begins'],
  ['planned', 'parked', 'no attempt could begin'],
  ['running', 'loaded', 'the load commits'],
  ['running', 'parked', 'a step fails for good'],
  ['loaded', 'validated', 'source and target are equal'],
  ['loaded', 'parked', 'they differ, or the comparison fails for good'],
  ['parked', 'running', '`retryBatch`'],
  ['parked', 'skipped', '`skipBatch`: its rows count as excluded by decision'],
  ['skipped', 'parked', '`retryBatch` revokes the decision'],
];
