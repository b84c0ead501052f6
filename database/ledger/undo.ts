/** What an undo takes back: the latest run of a migration that wrote something, batch by batch, the last one first. */
import { CarryoverError } from '../../shared/errors';
import type { TargetQueries } from '../target/session';
import { changedServers, changedShape } from './changes';
import type { Footing, RecordedFooting } from './changes';
import type { LegacyKey } from '../source/expressions';
import type { SomeRows } from './some-rows';
import { rowsWritten, runWrote } from './wrote';

/** Runs that are over, with what they wrote; of quarantine, lines that were made or left. */
const RUNS = `
SELECT r.run_id, r.mode, r.state, r.fingerprint, r.mapping, r.source_columns, r.source_identity, r.target_identity,
  r.lower_key, r.upper_key, b.rows, ${runWrote('r.run_id')} AS wrote,
  (SELECT count(*) FROM carryover.before_images i WHERE i.run_id = r.run_id AND i.target_row IS NULL)
  + (SELECT count(*) FROM carryover.quarantine_images i WHERE i.run_id = r.run_id AND i.line IS NULL) AS purged,
  (SELECT max(f.run_id) FROM carryover.runs f WHERE f.migration = r.migration AND f.mode = 'full') AS base
FROM carryover.runs r, LATERAL (
  SELECT coalesce(sum(${rowsWritten('x')}), 0) AS rows FROM carryover.batches x WHERE x.run_id = r.run_id) b
WHERE r.migration = $1 AND r.state <> 'open' ORDER BY r.run_id DESC`;

interface RunLine extends RecordedFooting {
  readonly run_id: string;
  readonly mode: string;
  readonly state: string;
  readonly lower_key: LegacyKey | null;
  readonly upper_key: LegacyKey | null;
  readonly rows: string;
  readonly wrote: boolean;
  readonly purged: string;
  readonly base: string;
}

export interface Undone extends SomeRows {
  readonly undoes: string;
}

/**
 * @throws CarryoverError `InputRefused` where the run is not the latest that wrote something, or cannot be undone any more,
 *   `MappingChanged` where its rows were written under another mapping, or on other servers
 */
export async function readUndo(
  session: TargetQueries,
  migration: string,
  run: string,
  footing: Footing,
): Promise<Undone> {
  const refuse = (why: string): never => {
    throw new CarryoverError('InputRefused', `Nothing was undone: ${why}`);
  };
  const { rows: runs } = await session.query<RunLine>('undo.runs', RUNS, [migration]);
  const wanted = runs.find(({ run_id: id }) => id === run);
  if (wanted === undefined)
    return refuse(`run ${run} is no run of ${migration} that is over; \`carryover status\` lists the latest.`);
  if (wanted.state === 'undone') return refuse(`run ${run} of ${migration} was undone already.`);
  if (wanted.mode === 'undo')
    return refuse(`run ${run} of ${migration} is an undo itself; migrate or re-sync brings rows back.`);
  const latest = runs.find(({ wrote, mode, state }) => wrote && mode !== 'undo' && state !== 'undone');
  if (latest === undefined || !wanted.wrote) {
    const other = latest === undefined ? '' : `; the latest that wrote something is run ${latest.run_id}`;
    return refuse(`run ${run} of ${migration} wrote nothing${other}.`);
  }
  if (latest.run_id !== run) {
    return refuse(
      `run ${latest.run_id} of ${migration} came after run ${run} and wrote rows too; only the latest is undone.`,
    );
  }
  if (Number(wanted.purged) > 0) {
    return refuse(`what ${wanted.purged} rows of run ${run} were before was purged, so nobody can give it back.`);
  }
  const changed = [...changedShape({ ...wanted, source_columns: null }, footing), ...changedServers(wanted, footing)];
  if (changed.length > 0) {
    throw new CarryoverError(
      'MappingChanged',
      `${changed.join(' and ')} changed since run ${run} of ${migration} wrote its rows, so nobody could tell which are still its own. ` +
        `Bring back what it ran with, and undo it then`,
    );
  }
  return {
    mode: 'undo',
    base: wanted.base,
    undoes: run,
    bounds: { lower: wanted.lower_key, upper: wanted.upper_key },
    query: '',
    values: [],
    keys: Number(wanted.rows),
    kept: {},
  };
}

/** Cuts a batch for each that wrote something, the last one first: a row that points to another came after it. */
export async function cutUndone(session: TargetQueries, run: string, undoes: string): Promise<void> {
  await session.query(
    'undo.cut',
    `INSERT INTO carryover.batches (run_id, batch, undoes, after_key, to_key, legacy_keys, source, pending)
     SELECT $1, row_number() OVER (ORDER BY batch DESC), batch, after_key, to_key, legacy_keys, rows, rows
     FROM (SELECT x.*, ${rowsWritten('x')} AS rows FROM carryover.batches x WHERE x.run_id = $2 AND x.ever_loaded) b`,
    [run, undoes],
  );
}
