/** Names that both sides of the wire must agree on. */

/** Task queue of the workers unless `CARRYOVER_TASK_QUEUE` says otherwise. */
export const DEFAULT_TASK_QUEUE = 'carryover';

/** Search attributes; they must be registered in the namespace (`carryover setup` does). Never personal data. */
export const SEARCH_ATTRIBUTES = {
  CarryoverMigration: 'KEYWORD',
  CarryoverRun: 'KEYWORD',
  CarryoverState: 'KEYWORD',
  CarryoverParked: 'INT',
} as const;

/** Values of the search attribute `CarryoverState`. */
export type RunState = 'running' | 'waiting' | 'verifying' | 'proven' | 'proven_with_exceptions' | 'not_proven';

/** Name of the query that answers with {@link Progress}. */
export const PROGRESS_QUERY = 'progress';

/** Name of the signal by which an activity says that a server is away; no operator needs it. */
export const OUTAGE_SIGNAL = 'outage';

/** Name of the update that runs parked batches again. */
export const RETRY_BATCH_UPDATE = 'retryBatch';
