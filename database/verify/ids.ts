/**
 * The ids of all rows, where the source could not bind them into its sums: each is what its key gives. Keys and ids cross the
 * wire, page by page; never a value.
 */
import type { Mapping } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import { sha256Hex } from '../target/canonical';
import { targetKeyText } from '../target/legacy-key';
import { literalPg, quotePg } from '../target/quote';
import type { TargetSession } from '../target/session';
import { inTransaction } from '../target/transaction';
import { idOfKey, partsOfKey } from './key-id';
import { heldContent, isWritten } from './target-rows';
import { targetTable } from './whole-table';

const PAGE = 20_000;

/** Rows of the target, and of open quarantine of the migration `$1`. */
const rowsOf = (mapping: TimedMapping): string => {
  const id = `t.${quotePg(mapping.id.target)}`;
  return `SELECT ${targetKeyText(mapping, 't')} AS key, replace(${id}::text, '-', '') AS id,
      CASE WHEN ${isWritten(mapping, 't')} THEN 'changed' ELSE 'changed_in_target' END AS kind, ${sha256Hex('t::text')} AS evidence
    FROM ${targetTable(mapping)} t
    UNION ALL SELECT q.legacy_key, replace(q.target_id::text, '-', ''), 'changed', ${heldContent('q')}
    FROM carryover.quarantine q WHERE q.migration = $1 AND q.state = 'open'`;
};

interface Row {
  readonly key: string | null;
  readonly id: string | null;
  readonly kind: string;
  readonly evidence: string;
}

/** Names, in `pg_temp.named`, each row whose id is another than its key gives. @returns the rows that were looked at */
export async function nameWrongIds(session: TargetSession, mapping: TimedMapping): Promise<number> {
  return inTransaction(session, 'verify.ids', async () => {
    await session.query('verify.openIds', `DECLARE ids NO SCROLL CURSOR FOR ${rowsOf(mapping)}`, [mapping.name]);
    let looked = 0;
    for (;;) {
      const { rows } = await session.query<Row>('verify.fetchIds', `FETCH ${PAGE} FROM ids`);
      if (rows.length === 0) return looked;
      looked += rows.length;
      const wrong = rows.filter((row) => !isOfItsKey(mapping, row));
      if (wrong.length === 0) continue;
      await session.query(
        'verify.nameIds',
        `INSERT INTO pg_temp.named (kind, key, columns, evidence)
         SELECT kind, key, ARRAY[${literalPg(`${mapping.target.table}.${mapping.id.target}`)}], evidence
         FROM jsonb_to_recordset($1::jsonb) AS r (kind text, key text, evidence text)`,
        [JSON.stringify(wrong)],
      );
    }
  });
}

/** A row without a key was told of before. */
const isOfItsKey = (mapping: Mapping, { key, id }: Row): boolean =>
  key === null || id === idOfKey(mapping, partsOfKey(mapping, key));
