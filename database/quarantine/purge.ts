/**
 * Removes values of rows that nobody needs any more: of lines of the quarantine that are decided, and of images that no undo will
 * ask for. Keys, reasons, columns and hashes stay, so that the ledger's counts and the verifications hold.
 */
import type { PurgeInput } from '../../shared/quarantine-input';
import type { Decider } from '../ledger/accept-findings';
import { recordDecision } from '../ledger/audit';
import { lockStarts } from '../ledger/run-row';
import { runWrote } from '../ledger/wrote';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';

/** Open rows are not among them: who decides about them needs their values. */
const ROWS = `q.migration = $1 AND q.state <> 'open' AND q.source_row IS NOT NULL
  AND q.last_seen < now() - make_interval(days => $2::integer)`;

/** Of images `i` that have a `value`. The latest run that wrote anything is the one that can be undone, and needs them; so does one that is open. */
const imagesOf = (value: string): string => `
FROM carryover.batches b JOIN carryover.runs r USING (run_id)
WHERE i.run_id = b.run_id AND i.batch = b.batch AND i.${value} IS NOT NULL AND r.migration = $1 AND r.state <> 'open'
  AND b.loaded_at < now() - make_interval(days => $2::integer)
  AND r.run_id < (SELECT max(w.run_id) FROM carryover.runs w
                  WHERE w.migration = $1 AND w.mode <> 'undo' AND w.state <> 'undone' AND ${runWrote('w.run_id')})`;

/**
 * Purges; a decision that was carried out before changes nothing, and is told in the same words.
 *
 * @returns what was done, in words
 */
export async function purgeValues(
  target: Target,
  { migration, olderThanDays, why, by }: PurgeInput,
  { workflow, workflowRun, who }: Decider,
): Promise<string> {
  const decision = `purge ${workflowRun}`;
  return withTransaction(target, 'purge', async (session) => {
    await lockStarts(session, migration);
    const before = await session.query<{ details: Purged }>(
      'purge.decided',
      'SELECT details FROM carryover.audit WHERE workflow = $1 AND decision = $2',
      [workflow, decision],
    );
    if (before.rows.length > 0) return say(migration, before.rows[0]!.details);
    const bound = [migration, olderThanDays];
    const { rows, images } = await count(session, bound);
    const details = { rows, images, olderThanDays };
    const entry = { verb: 'purge', who, by, reason: why, migration, run: null, details, workflow, decision };
    await recordDecision(session, entry);
    await session.query('purge.rows', `UPDATE carryover.quarantine q SET source_row = NULL WHERE ${ROWS}`, bound);
    await session.query(
      'purge.images',
      `UPDATE carryover.before_images i SET target_row = NULL ${imagesOf('target_row')}`,
      bound,
    );
    await session.query(
      'purge.lines',
      `UPDATE carryover.quarantine_images i SET line = NULL ${imagesOf('line')}`,
      bound,
    );
    return say(migration, details);
  });
}

interface Purged {
  readonly rows: number;
  readonly images: number;
  readonly olderThanDays: number;
}

async function count(session: TargetQueries, bound: readonly unknown[]): Promise<{ rows: number; images: number }> {
  const counted = await session.query<{ rows: string; images: string }>(
    'purge.count',
    `SELECT (SELECT count(*) FROM carryover.quarantine q WHERE ${ROWS}) AS rows,
            (SELECT count(*) FROM carryover.before_images i, LATERAL (SELECT 1 ${imagesOf('target_row')}) b)
            + (SELECT count(*) FROM carryover.quarantine_images i, LATERAL (SELECT 1 ${imagesOf('line')}) b) AS images`,
    bound,
  );
  return { rows: Number(counted.rows[0]!.rows), images: Number(counted.rows[0]!.images) };
}

const say = (migration: string, { rows, images, olderThanDays }: Purged): string =>
  `of ${migration}, the values of ${rows} ${rows === 1 ? 'row' : 'rows'} that were in quarantine and of ${images} ` +
  `before-${images === 1 ? 'image' : 'images'} are purged, all older than ${olderThanDays} days; keys, reasons and hashes stay`;
