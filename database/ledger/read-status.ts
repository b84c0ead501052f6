/** What the ledger says of the runs: read by people, never by a run. */
import type { TargetQueries } from '../target/session';

export interface RunStatus {
  readonly run: string;
  readonly migration: string;
  readonly state: 'open' | 'finished';
  readonly verdict: string | null;
  readonly workflow: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Seconds since the run started, by the target's clock. */
  readonly age: number;
  readonly estimatedRows: number;
  readonly balance: {
    readonly source: number;
    readonly loaded: number;
    readonly quarantined: number;
    readonly excluded: number;
    readonly pending: number;
  };
  readonly written: { readonly inserted: number; readonly updated: number; readonly unchanged: number };
  /** Batches by state, in the order of a batch's life. */
  readonly batches: Readonly<Record<string, number>>;
  readonly parked: readonly { readonly batch: number; readonly cause: string | null }[];
}

type Row = Readonly<Record<string, string | null>>;

const STATES = ['planned', 'running', 'loaded', 'validated', 'parked'];

/** As text, so that it does not matter how the pool parses other types. */
const RUNS = `
SELECT r.run_id::text AS run, r.migration, r.state, r.verdict, r.owner_workflow AS workflow,
       to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started,
       to_char(r.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS finished,
       floor(extract(epoch FROM now() - r.started_at))::text AS age, r.estimated_rows::text AS estimated,
       b.source::text, b.loaded::text, b.quarantined::text, b.excluded::text, b.pending::text,
       b.inserted::text, b.updated::text, b.unchanged::text
  FROM carryover.runs r JOIN carryover.run_balance b USING (run_id)`;

/** The latest run of each migration, by name. */
export function readLatestRuns(target: TargetQueries): Promise<RunStatus[]> {
  return readRuns(
    target,
    `${RUNS} WHERE r.run_id IN (SELECT max(run_id) FROM carryover.runs GROUP BY migration) ORDER BY r.migration`,
    [],
  );
}

/** One run, or undefined where the ledger knows none of that number. */
export async function readRun(target: TargetQueries, run: string): Promise<RunStatus | undefined> {
  return (await readRuns(target, `${RUNS} WHERE r.run_id = $1`, [run]))[0];
}

async function readRuns(target: TargetQueries, sql: string, values: string[]): Promise<RunStatus[]> {
  const runs = (await target.query<Row>('status.runs', sql, values)).rows;
  const batches = await target.query<Row>(
    'status.batches',
    `SELECT run_id::text AS run, state, count(*)::text AS batches
       FROM carryover.batches WHERE run_id = ANY ($1::bigint[]) GROUP BY 1, 2`,
    [runs.map((run) => run.run)],
  );
  const parked = await target.query<Row>(
    'status.parked',
    `SELECT run_id::text AS run, batch::text AS batch, cause
       FROM carryover.batches WHERE run_id = ANY ($1::bigint[]) AND state = 'parked' ORDER BY batch`,
    [runs.map((run) => run.run)],
  );
  return runs.map((run) => toStatus(run, batches.rows, parked.rows));
}

function toStatus(row: Row, batches: readonly Row[], parked: readonly Row[]): RunStatus {
  const own = (rows: readonly Row[]): Row[] => rows.filter((other) => other.run === row.run);
  const count = (name: string): number => Number(row[name]);
  return {
    run: row.run!,
    migration: row.migration!,
    state: row.state as RunStatus['state'],
    verdict: row.verdict!,
    workflow: row.workflow!,
    startedAt: row.started!,
    finishedAt: row.finished!,
    age: count('age'),
    estimatedRows: count('estimated'),
    balance: {
      source: count('source'),
      loaded: count('loaded'),
      quarantined: count('quarantined'),
      excluded: count('excluded'),
      pending: count('pending'),
    },
    written: { inserted: count('inserted'), updated: count('updated'), unchanged: count('unchanged') },
    batches: Object.fromEntries(
      STATES.flatMap((state) => {
        const found = own(batches).find((batch) => batch.state === state);
        return found === undefined ? [] : [[state, Number(found.batches)]];
      }),
    ),
    parked: own(parked).map(({ batch, cause }) => ({ batch: Number(batch), cause: cause ?? null })),
  };
}
