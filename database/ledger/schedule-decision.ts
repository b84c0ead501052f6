/** Writes down what a person decided about a schedule, which Temporal keeps: both, or neither. */
import type { Target } from '../target/session';
import { withTransaction } from '../target/transaction';
import type { AuditEntry } from './audit';
import { recordDecision } from './audit';

/**
 * Does `change` between the writing of the decision and its commit: a ledger that cannot be written keeps it from being
 * done, and one that fails leaves no decision behind.
 */
export function decideAround<T>(target: Target, entry: AuditEntry, change: () => Promise<T>): Promise<T> {
  return withTransaction(target, 'schedule', async (session) => {
    await recordDecision(session, entry);
    return change();
  });
}
