/**
 * What a check's answer follows from, as a short text: the same text, the same answer. A re-sync's verification takes over what an
 * earlier one found under the same text; nothing else does (decision 0023).
 */
import { referencesOf } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { CheckRef } from '../../shared/verification';
import type { Sql } from '../converters/converter';
import { quotePg, quotePgTable } from '../target/quote';
import type { TargetQueries } from '../target/session';
import { parentKeys } from './whole-table';

/** Changed where a check looks at something else than it did under the same name. */
const VERSION = 1;

/** Everything is looked at anew after so long, whatever is known. */
const DAYS = 7;

/** Beside the rows of the target, as we wrote them: rows of other tables, as queries. */
type Beside = (mapping: Mapping, target: TargetQueries) => Sql[] | Promise<Sql[]>;

const lookups: Beside = (mapping) => [
  ...new Set(
    referencesOf(mapping).map(({ reference: { lookup } }) => {
      const table = quotePgTable(mapping.target.schema, lookup.table);
      return `SELECT ${quotePg(lookup.key)}, ${quotePg(lookup.value)} FROM ${table}`;
    }),
  ),
];

/** Checks that look at nothing but that. What lineage holds beside its hashes is not among what we hash. */
const BESIDE: Readonly<Record<string, Beside>> = {
  references: lookups,
  duplicates: () => [],
  orphans: async (mapping, target) => [
    ...(await lookups(mapping, target)),
    ...(await parentKeys(target, mapping)).values(),
  ],
  order: () => [],
};

/** The rows of the target, where every range found them to be what their hashes say. */
const ROWS = `
SELECT CASE WHEN count(*) = count(content) AND count(*) > 0 THEN sum(loaded) || ' ' || sum(content) END AS rows,
  to_regproc('pg_catalog.hash_record_extended') IS NOT NULL AS hashes
FROM carryover.verified_ranges WHERE verification_id = $1`;

/** @returns null where nothing can be said */
export async function witnessOf(session: TargetQueries, mapping: Mapping, ref: CheckRef): Promise<string | null> {
  const beside = BESIDE[ref.check];
  if (beside === undefined) return null;
  const found = await session.query<{ rows: string | null; hashes: boolean }>('witness.rows', ROWS, [ref.verification]);
  const { rows, hashes } = found.rows[0]!;
  const tables = await beside(mapping, session);
  // Servers before PostgreSQL 14 cannot hash a record.
  if (rows === null || (tables.length > 0 && !hashes)) return null;
  const parts = [`${ref.check} ${VERSION}`, rows];
  for (const table of tables) {
    const hashed = await session.query<{ content: string }>(
      'witness.table',
      `SELECT count(*) || ' ' || coalesce(sum(hash_record_extended(x, 0)), 0) AS content FROM (${table}) x`,
    );
    parts.push(hashed.rows[0]!.content);
  }
  return parts.join('; ');
}

export interface Known {
  readonly compared: number;
  /** The verification that looked. */
  readonly from: string;
}

const KNOWN = `
SELECT c.compared, coalesce(c.carried_from, c.verification_id) AS "from"
FROM carryover.verifications v
JOIN carryover.verifications w ON w.migration = v.migration AND w.fingerprint = v.fingerprint
  AND w.source_identity = v.source_identity AND w.target_identity = v.target_identity
JOIN carryover.verification_checks c ON c.verification_id = w.verification_id AND c.name = $2
JOIN carryover.verifications o ON o.verification_id = coalesce(c.carried_from, c.verification_id)
WHERE v.verification_id = $1 AND v.carries AND c.witness = $3 AND c.found = 0
  AND o.started_at > v.started_at - make_interval(days => $4)
ORDER BY w.verification_id DESC LIMIT 1`;

/** What an earlier verification found that there is nothing wrong with, where this one may take that over; null where none did. */
export async function knownBefore(session: TargetQueries, ref: CheckRef, witness: string): Promise<Known | null> {
  const found = await session.query<{ compared: string; from: string }>('witness.known', KNOWN, [
    ref.verification,
    ref.check,
    witness,
    DAYS,
  ]);
  const [line] = found.rows;
  return line === undefined ? null : { compared: Number(line.compared), from: line.from };
}
