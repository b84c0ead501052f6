/** Rows that a person left out of quarantine, as far as a run counts them: by reason and decision. */
import type { DismissedFacts } from '../../report/facts';
import type { TargetQueries } from '../target/session';
import { rowsOf, toNumber } from './query';

const DISMISSED = `
WITH own AS (SELECT migration, run_id, coalesce(base_run, run_id) AS base FROM carryover.runs WHERE run_id = $1)
SELECT q.reason, a.reason AS why, a.who, a.claimed_by AS by, count(*) AS rows
FROM own
JOIN carryover.quarantine q ON q.migration = own.migration AND q.state = 'dismissed'
JOIN carryover.audit a ON a.audit_id = q.dismissal
LEFT JOIN carryover.dismissal_occurrences d ON d.run_id = own.base AND d.legacy_key = q.legacy_key
LEFT JOIN LATERAL (SELECT x.now FROM carryover.settled_keys x
  WHERE x.base_run = own.base AND x.run_id <= own.run_id AND x.legacy_key = q.legacy_key
  ORDER BY x.run_id DESC, x.settled_at DESC LIMIT 1) s ON true
WHERE coalesce(s.now, CASE WHEN d.batch IS NOT NULL THEN 'excluded' END) = 'excluded'
GROUP BY q.reason, a.audit_id ORDER BY a.audit_id, q.reason`;

export async function readDismissed(db: TargetQueries, run: string): Promise<DismissedFacts[]> {
  const rows = await rowsOf<Omit<DismissedFacts, 'rows'> & { readonly rows: string }>(
    db,
    'report.dismissed',
    DISMISSED,
    [run],
  );
  return rows.map((row) => ({ ...row, why: row.why ?? 'unknown', rows: toNumber(row.rows) }));
}
