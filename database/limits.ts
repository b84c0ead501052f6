/** Bounds that both sides' sessions share. */

/** Milliseconds a statement may run: below the start-to-close time of the activities, so that none outlives its attempt. */
export const STATEMENT_LIMIT_MS = 25 * 60_000;

/** Milliseconds of silence after which a connection is asked for a sign of life: a host that vanished sends no end. */
export const KEEP_ALIVE_MS = 10_000;
