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
export type RunState =
  'running' | 'waiting' | 'paused' | 'verifying' | 'cancelled' | 'proven' | 'proven_with_exceptions' | 'not_proven';

/** Name of the query that answers with {@link Progress}. */
export const STATUS_QUERY = 'status';

/** Name of the signal by which an activity says that a server is away; no operator needs it. */
export const OUTAGE_SIGNAL = 'outage';

/** The operator's verbs that are updates of a running workflow `migrate`. */
export const VERBS = ['retryBatch', 'skipBatch', 'pause', 'resume', 'setConcurrency', 'cancel'] as const;
export type Verb = (typeof VERBS)[number];
