/** A verification as the ledger holds it, and what it found: read by people, never by a run. */
import type { FindingKind } from '../../shared/findings';
import type { Verdict } from '../../shared/verdict';
import type { TargetQueries } from '../target/session';
import { instantText } from './read-status';

export interface VerificationLine {
  readonly verification: string;
  readonly migration: string;
  /** Run whose batches say what was loaded, left out, or not yet done. */
  readonly run: string;
  readonly final: boolean;
  /** True where only a part of the keys was looked at. */
  readonly partial: boolean;
  readonly state: 'open' | 'finished';
  /** Null while it is open. */
  readonly verdict: Verdict | null;
  /** As of when the answer is: ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly ranges: number;
  readonly rangesVerified: number;
  /** Rows of the source, of the target, in open quarantine, and those left out or not yet done. */
  readonly source: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly excluded: number;
  readonly pending: number;
  /** Rows of which key and hashes crossed the wire. */
  readonly rowsRead: number;
  readonly findings: readonly { readonly kind: FindingKind; readonly rows: number; readonly accepted: number }[];
  readonly checks: readonly CheckLine[];
}

export interface CheckLine {
  readonly name: string;
  /** Null where it was not verified. */
  readonly compared: number | null;
  readonly found: number | null;
  readonly seconds: number | null;
  /** The verification that looked, where a re-sync took its answer over; null where this one did. */
  readonly carriedFrom: string | null;
}

type Row = Readonly<Record<string, string | null>>;

const VERIFICATION = `
SELECT v.verification_id::text AS verification, v.migration, v.run_id::text AS run, v.final::text, v.partial::text, v.state, v.verdict,
       ${instantText('v.started_at')} AS started_at, ${instantText('v.finished_at')} AS finished_at, r.*,
       (SELECT jsonb_agg(jsonb_build_object('kind', kind, 'rows', rows, 'accepted', accepted) ORDER BY rows DESC, kind)::text
        FROM (SELECT kind, count(*) AS rows, count(*) FILTER (WHERE accepted) AS accepted
              FROM carryover.verification_findings f
              WHERE f.verification_id = v.verification_id GROUP BY kind) k) AS findings,
       (SELECT jsonb_agg(jsonb_build_object('name', name, 'compared', compared, 'found', found, 'seconds', seconds,
                                            'carriedFrom', carried_from::text)
                         ORDER BY position)::text
        FROM carryover.verification_checks c WHERE c.verification_id = v.verification_id) AS checks
FROM carryover.verifications v, LATERAL (
  SELECT count(*)::text AS ranges, count(*) FILTER (WHERE state = 'verified')::text AS ranges_verified,
         coalesce(sum(source), 0)::text AS source, coalesce(sum(loaded), 0)::text AS loaded,
         coalesce(sum(quarantined), 0)::text AS quarantined, coalesce(sum(excluded), 0)::text AS excluded,
         coalesce(sum(pending), 0)::text AS pending, coalesce(sum(rows_read), 0)::text AS rows_read
  FROM carryover.verified_ranges x WHERE x.verification_id = v.verification_id) r
WHERE ($1::text IS NULL OR v.migration = $1 AND v.state <> 'compared') AND ($2::bigint IS NULL OR v.verification_id = $2)
ORDER BY v.verification_id DESC LIMIT 1`;

/** A verification by its number, or the latest of a migration; null where there is none. */
export async function readVerification(
  target: TargetQueries,
  which: { readonly verification: string } | { readonly migration: string },
): Promise<VerificationLine | null> {
  const values = 'migration' in which ? [which.migration, null] : [null, which.verification];
  const found = await target.query<Row>('verification.latest', VERIFICATION, values);
  const [row] = found.rows;
  if (row === undefined) return null;
  const number = (name: string): number => Number(row[name]);
  return {
    verification: row.verification!,
    migration: row.migration!,
    run: row.run!,
    final: row.final === 'true',
    partial: row.partial === 'true',
    state: row.state as VerificationLine['state'],
    verdict: row.verdict as Verdict | null,
    startedAt: row.started_at!,
    finishedAt: row.finished_at!,
    ranges: number('ranges'),
    rangesVerified: number('ranges_verified'),
    source: number('source'),
    loaded: number('loaded'),
    quarantined: number('quarantined'),
    excluded: number('excluded'),
    pending: number('pending'),
    rowsRead: number('rows_read'),
    findings: JSON.parse(row.findings ?? '[]') as VerificationLine['findings'],
    checks: JSON.parse(row.checks ?? '[]') as CheckLine[],
  };
}

export interface FindingLine {
  readonly finding: string;
  readonly kind: FindingKind;
  /** The row's key in the source; null where the finding is of no row. */
  readonly key: string | null;
  /** Columns that differ; empty where none does that the source has. */
  readonly columns: readonly string[];
  /** True where a person has accepted it, and both sides are as they were then. */
  readonly accepted: boolean;
}

const FINDINGS = `
SELECT finding_id::text AS finding, kind, legacy_key AS key, coalesce(columns, '{}') AS columns, accepted
FROM carryover.verification_findings WHERE verification_id = $1 AND ($2::text[] IS NULL OR kind = ANY ($2))
ORDER BY finding_id LIMIT $3`;

/** @param kinds null for all */
export async function readFindings(
  target: TargetQueries,
  verification: string,
  kinds: readonly FindingKind[] | null,
  limit: number,
): Promise<FindingLine[]> {
  const found = await target.query<FindingLine>('verification.findings', FINDINGS, [verification, kinds, limit]);
  return found.rows;
}
