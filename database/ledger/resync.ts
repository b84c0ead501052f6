/** What a re-sync takes: what its comparison has found, once that has looked at every key. */
import { isSelfReference, referencesOf } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { deleteBrakeOf } from '../../shared/brakes';
import { OVERWRITABLE, RESYNCED } from '../../shared/findings';
import type { ComparisonRef, TakenResult } from '../../shared/resync';
import { targetKeyText } from '../target/legacy-key';
import { andPresent } from '../target/present';
import { quotePgTable } from '../target/quote';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';
import type { Footing } from './changes';
import { unmet } from './counted';
import { behind, requireEpoch } from './epoch';
import { requireNoneLeftOut } from './skipped';
import { cutLists, readBase } from './some-rows';
import type { SomeRows } from './some-rows';

/** A re-sync stands on the latest full run; what it takes is known once it has compared. */
export async function readResync(session: TargetQueries, migration: string, footing: Footing): Promise<SomeRows> {
  const base = await readBase(session, migration, footing, 'Nothing was compared');
  await requireNoneLeftOut(session, migration, base, footing.mapping, 'Nothing was compared');
  const counted = await session.query<{ keys: string }>(
    'resync.count',
    'SELECT source AS keys FROM carryover.migration_balance WHERE migration = $1',
    [migration],
  );
  return { mode: 'changed', base, query: '', values: [], keys: Number(counted.rows[0]!.keys), kept: {} };
}

interface RunLine {
  readonly epoch: string;
  readonly state: string;
  readonly cut_to_end: boolean;
  readonly batch_rows: string;
  readonly overwrites: boolean;
  readonly gone_policy: 'report' | 'mark' | 'delete';
  readonly max_deletes: string;
  readonly compared_by: string | null;
  readonly held: string;
  readonly keys: string;
}

const READ_RUN = `
SELECT epoch, state, cut_to_end, batch_rows, overwrites, gone_policy, max_deletes, compared_by, held,
  (SELECT coalesce(sum(source), 0) FROM carryover.batches b WHERE b.run_id = r.run_id) AS keys
FROM carryover.runs r WHERE run_id = $1 FOR UPDATE`;

/** On neither side any more: the comparison's check of the ledger named it. There is nothing to take away, whatever the policy. */
const IS_ERASED = `f.kind = 'gone' AND f.check_name = 'ledger'`;

const ERASED = `SELECT legacy_key FROM carryover.findings f WHERE f.verification_id = $1 AND ${IS_ERASED}`;

/** Rows of the target in all, those of them that the source does not have, and whether every range was looked at. */
const COMPARED = `
SELECT coalesce(sum(source), 0) AS source, coalesce(sum(loaded + quarantined), 0) AS here, coalesce(sum(loaded), 0) AS loaded,
  count(*) FILTER (WHERE state <> 'verified') AS unseen, count(*) AS ranges,
  (SELECT count(*) FROM carryover.findings f JOIN carryover.verifications v USING (verification_id)
   WHERE f.verification_id = $1 AND f.kind = 'gone' AND NOT EXISTS (
     SELECT FROM carryover.quarantine q WHERE q.migration = v.migration AND q.legacy_key = f.legacy_key
       AND q.state IN ('open', 'dismissed'))) AS gone,
  (SELECT coalesce(jsonb_object_agg(kind, rows), '{}') FROM (
     SELECT kind, count(*) AS rows FROM carryover.findings f WHERE f.verification_id = $1 GROUP BY kind) k) AS found,
  (SELECT count(*) FROM carryover.findings f WHERE f.verification_id = $1 AND ${IS_ERASED}) AS erased
FROM carryover.verified_ranges WHERE verification_id = $1`;

/** Of findings, the keys of some kinds that nobody has accepted as they are. */
const FOUND = `
SELECT DISTINCT legacy_key FROM carryover.verification_findings
WHERE verification_id = $1 AND kind = ANY ($2) AND NOT accepted AND legacy_key IS NOT NULL`;

/** Rows in open quarantine whose reason only a load can ask about again. */
const UNPROVED = `
SELECT legacy_key FROM carryover.quarantine WHERE migration = $3 AND state = 'open' AND reasons && $4::text[]`;

/** Rows that an undo took out and that no run has looked for since: they may be gone from the source, and then nothing names them. */
const UNDONE = `
SELECT legacy_key FROM (
  SELECT DISTINCT ON (s.legacy_key) s.legacy_key, s.now FROM carryover.settled_keys s
  JOIN carryover.runs r ON r.run_id = $5 AND s.base_run = r.base_run
  ORDER BY s.legacy_key, s.run_id DESC, s.settled_at DESC) l WHERE now = 'pending'`;

/** Rows that the full run had not met, as they were gone then, and that are in the source again, as the target has them: nothing is found. */
const returned = (mapping: Mapping): string => `
SELECT u.legacy_key FROM (WITH own AS (SELECT base_run FROM carryover.runs WHERE run_id = $5) ${unmet(mapping)}) u
WHERE NOT EXISTS (SELECT FROM carryover.findings f WHERE f.verification_id = $1 AND f.kind = 'gone' AND f.legacy_key = u.legacy_key)
  AND NOT EXISTS (SELECT FROM carryover.settled_keys s JOIN carryover.runs r ON r.run_id = $5 AND s.base_run = r.base_run
    WHERE s.legacy_key = u.legacy_key)
  AND EXISTS (SELECT FROM ${quotePgTable(mapping.target.schema, mapping.target.table)} t
    WHERE ${targetKeyText(mapping, 't')} = u.legacy_key${andPresent(mapping, 't')})`;

/** Reasons that no verification proves again: the target's own, and that of a parent which came after its child. */
const unprovedReasons = (mapping: Mapping): string[] => [
  'constraint_rejected',
  ...referencesOf(mapping)
    .filter(({ reference }) => isSelfReference(mapping, reference))
    .map(({ role }) => `${role}_unmapped`),
];

/**
 * Cuts the batches of what was found: first what is new or changed or may leave quarantine, then what is gone, where the
 * mapping has that taken away. Done twice it is done once.
 *
 * @returns with a brake, nothing was cut: a person decides first
 */
export async function takeFound(target: Target, mapping: Mapping, ref: ComparisonRef): Promise<TakenResult> {
  return withTransaction(target, 'take', async (session) => {
    const [line] = (await session.query<RunLine>('take.run', READ_RUN, [ref.run])).rows;
    requireEpoch(ref.run, ref.epoch, line?.epoch);
    const run = line!;
    const [compared] = (
      await session.query<
        Record<'source' | 'here' | 'loaded' | 'unseen' | 'ranges' | 'gone' | 'erased', string> & {
          found: Readonly<Record<string, number>>;
        }
      >('take.compared', COMPARED, [ref.verification])
    ).rows;
    const { found, ...counts } = compared!;
    const { here, loaded, gone, erased, source, unseen, ranges } = numbers(counts);
    const result = { gone, loaded: loaded + erased };
    if (run.cut_to_end) return { brake: null, keys: Number(run.keys), held: Number(run.held), ...result };
    // Without a look at every key, one that was not looked for would pass for gone.
    if (unseen > 0 || ranges === 0) throw behind(`comparison ${ref.verification} has not looked at every key`);
    // Whatever the policy: an empty source is an accident, or the wrong one.
    const isEmptied = source === 0 && here > 0;
    // Rows that stay where they are need none; those that were erased leave the balance.
    const isReported = run.gone_policy === 'report';
    const counted = isEmptied ? { gone: here, loaded: here } : { ...result, gone: isReported ? erased : gone };
    const brake = deleteBrakeOf(Number(run.max_deletes), counted.gone, counted.loaded);
    if (brake !== null) return { brake, keys: 0, held: 0, ...counted };

    const kinds = run.overwrites ? [...RESYNCED, ...OVERWRITABLE] : RESYNCED;
    const batchRows = Number(run.batch_rows);
    const taken = {
      query: `${FOUND} UNION ${UNPROVED} UNION ${UNDONE} UNION ${returned(mapping)}`,
      values: [ref.verification, kinds, ref.migration, unprovedReasons(mapping), ref.run],
    };
    await cutLists(session, ref.run, mapping, taken, batchRows);
    const lists = isReported
      ? { query: ERASED, values: [ref.verification] }
      : { query: FOUND, values: [ref.verification, ['gone']] };
    await cutLists(session, ref.run, mapping, lists, batchRows, true);
    const stay = isReported ? (found.gone ?? 0) - erased : 0;
    const kept = Object.fromEntries([
      ...Object.entries(found).filter(([kind]) => kind !== 'gone' && !kinds.some((each) => each === kind)),
      ...(stay > 0 ? [['gone', stay] as const] : []),
    ]);
    const recorded = await session.query<{ keys: string; held: string }>(
      'take.record',
      `UPDATE carryover.runs r SET cut_to_end = true, compared_by = $2, found = $3, kept = $4, estimated_rows = b.keys,
         held = (SELECT count(*) FROM carryover.batches l CROSS JOIN LATERAL jsonb_array_elements(l.legacy_keys) AS e (keys)
           JOIN carryover.quarantine q ON q.migration = r.migration AND q.state = 'open'
             AND q.legacy_key = CASE jsonb_array_length(e.keys) WHEN 1 THEN e.keys ->> 0 ELSE e.keys::text END
           WHERE l.run_id = $1 AND NOT l.gone)
       FROM (SELECT coalesce(sum(source), 0) AS keys FROM carryover.batches WHERE run_id = $1) b
       WHERE r.run_id = $1 RETURNING b.keys, r.held`,
      [ref.run, ref.verification, JSON.stringify(found), JSON.stringify(kept)],
    );
    const { keys, held } = numbers(recorded.rows[0]!);
    if (keys > 0) {
      // Its verdict would be that of a moment which the run has put an end to.
      await session.query(
        'take.close',
        `UPDATE carryover.verifications SET state = 'compared', finished_at = now() WHERE verification_id = $1 AND state = 'open'`,
        [ref.verification],
      );
    }
    return { brake: null, keys, held, ...result };
  });
}

const numbers = <K extends string>(line: Readonly<Record<K, string>>): Record<K, number> =>
  Object.fromEntries(Object.entries(line).map(([name, value]) => [name, Number(value)])) as Record<K, number>;
