/** What the tests of a repair do to a target, and ask of it. */
import type { Engine } from '../support/engine';

export const times = (number: number, kind: string): string[] => Array.from({ length: number }, () => kind);

/** The present of `case-states`. */
export const balance = async (engine: Engine): Promise<Record<string, number | boolean>> => {
  const [line] = await engine.onTarget<Record<string, number | boolean>>(
    `SELECT source::int, loaded::int, quarantined::int, excluded::int, pending::int, complete,
            (inserted + updated + unchanged = loaded) AS adds_up
     FROM carryover.migration_balance WHERE migration = 'case-states'`,
  );
  return line!;
};

/** Keys in their order. */
export async function keysOf(engine: Engine, table: string, condition: string, limit: number): Promise<string[]> {
  const rows = await engine.onTarget<{ key: string }>(
    `SELECT legacy_id::text AS key FROM ${table} WHERE ${condition} ORDER BY legacy_id LIMIT ${limit}`,
  );
  return rows.map(({ key }) => key);
}

/** Rows are lost, and the ledger does not know their keys any more. */
export async function lose(on: Engine, table: string, key: string, keys: readonly string[]): Promise<void> {
  await on.onTarget(
    `UPDATE carryover.inserted_keys SET legacy_keys = ARRAY(SELECT unnest(legacy_keys) EXCEPT SELECT unnest($1::text[]))`,
    [keys],
  );
  await on.onTarget(`DELETE FROM ${table} WHERE ${key} = ANY ($1)`, [keys]);
}

/** A table as one text, and its rows. */
export const contents = async (on: Engine, table: string): Promise<unknown> =>
  on.onTarget(`SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)), count(*)::int FROM ${table} t`);
