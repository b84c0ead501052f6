/** Everything that a forecast must leave as it is: each table's rows, what was ever written into it, and which tables there are. */
import type { Engine } from './engine';

export type Everything = Readonly<Record<string, string>>;

/** By table of the target, a hash of its rows with their physical versions, and the tables of the stage by name. */
export async function everything({ onTarget }: Pick<Engine, 'onTarget'>): Promise<Everything> {
  const tables = await onTarget<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname IN ('public', 'carryover', 'carryover_stage') ORDER BY 1`,
  );
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    // With xmin and ctid: a row that was written again with the same values is another version.
    const [rows] = await onTarget<{ hash: string }>(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t.xmin::text || t.ctid::text || t::text), '' ORDER BY t.ctid)), '') AS hash
       FROM ${name} t`,
    );
    found[name] = rows!.hash;
  }
  const sequences = await onTarget<{ name: string; at: string }>(
    `SELECT schemaname || '.' || sequencename AS name, coalesce(last_value::text, '') AS at FROM pg_sequences
     WHERE schemaname IN ('public', 'carryover') ORDER BY 1`,
  );
  for (const { name, at } of sequences) found[name] = at;
  return found;
}
