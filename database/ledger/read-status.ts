/** What the ledger says of the runs: read by people, never by a run. */
import type { BatchState } from '../../shared/batch-states';
import { BATCH_STATES } from '../../shared/batch-states';
import type { RunMode } from '../../shared/messages';
import type { Verdict } from '../../shared/verdict';
import type { TargetQueries } from '../target/session';

export interface RunStatus {
  readonly run: string;
  readonly migration: string;
  readonly mode: RunMode;
  readonly state: 'open' | 'finished' | 'abandoned' | 'superseded';
  readonly verdict: string | null;
  readonly workflow: string;
  /** The workflow chain that owns the run, or owned it last. */
  readonly owner: {
    readonly cluster: string;
    readonly namespace: string;
    readonly workflow: string;
    readonly firstRun: string;
  };
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Seconds since the run started, by the target's clock. */
  readonly age: number;
  readonly estimatedRows: number;
  /** Of an undo: the run that it takes back; null of any other. */
  readonly undoes: string | null;
  readonly balance: {
    readonly source: number;
    readonly loaded: number;
    readonly quarantined: number;
    readonly excluded: number;
    /** Of the excluded rows, those of batches that an operator skipped. */
    readonly excludedByDecision: number;
    readonly pending: number;
  };
  readonly written: {
    readonly inserted: number;
    readonly updated: number;
    readonly unchanged: number;
    readonly takenAway: number;
  };
  /** Batches by state, in the order of a batch's life. */
  readonly batches: Readonly<Partial<Record<BatchState, number>>>;
  readonly paused: { readonly at: string; readonly cause: string } | null;
  readonly parked: readonly { readonly batch: number; readonly cause: string | null }[];
  /** Numbers of the batches that an operator has skipped. */
  readonly skipped: readonly number[];
  /** How far the verification is that the run ends with; null before, and once the run is over. */
  readonly verifying: { readonly looked: number; readonly of: number } | null;
  /** The latest whole verification of this run that is over, the one that it ended with or a later one; null where there is none. */
  readonly verified: {
    readonly verification: string;
    readonly verdict: Verdict;
    readonly final: boolean;
    /** True where the run ended with it. */
    readonly own: boolean;
    readonly at: string;
  } | null;
  /** Starts of the migration that came to nothing since one was taken last; empty for any run but its latest. */
  readonly vainStarts: readonly VainStart[];
}

/** Starts that were missed or refused, or had nothing to do: the last of them, and how many there were. */
export interface VainStart {
  readonly outcome: 'missed' | 'refused' | 'nothing_to_do';
  readonly at: string;
  readonly workflow: string;
  /** The schedule that started it; null where a person did. */
  readonly schedule: string | null;
  readonly cause: string | null;
  readonly times: number;
}

type Row = Readonly<Record<string, string | null>>;

/** As text, so that it does not matter how the pool parses other types. */
export const instantText = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

const RUNS = `
SELECT r.run_id::text AS run, r.migration, r.mode, r.state, r.verdict, r.owner_cluster, r.owner_namespace, r.owner_workflow,
       r.owner_first_run, ${instantText('r.started_at')} AS started, ${instantText('r.finished_at')} AS finished,
       ${instantText('r.paused_at')} AS paused, r.pause_cause,
       floor(extract(epoch FROM now() - r.started_at))::text AS age, r.estimated_rows::text AS estimated, r.undoes::text AS undoes,
       b.source::text, b.loaded::text, b.quarantined::text, b.excluded::text, b.excluded_by_decision::text,
       b.pending::text, b.inserted::text, b.updated::text, b.unchanged::text,
       (SELECT coalesce(sum(x.taken_away), 0) FROM carryover.batches x WHERE x.run_id = r.run_id)::text AS taken_away,
       (NOT EXISTS (SELECT FROM carryover.runs x WHERE x.migration = r.migration AND x.run_id > r.run_id))::text AS latest,
       v.verification_id::text AS verification, v.verdict AS verified_as, v.final::text AS final,
       (v.verification_id = r.verification_id)::text AS own,
       ${instantText('v.finished_at')} AS verified_at, l.looks::text AS looks, l.looked::text AS looked
  FROM carryover.runs r JOIN carryover.run_standing b USING (run_id)
  LEFT JOIN LATERAL (
    SELECT * FROM carryover.verifications x
    WHERE x.run_id = coalesce(r.base_run, r.run_id) AND x.verification_id >= coalesce(r.verification_id, 0)
      AND (r.verification_id IS NOT NULL OR x.started_at >= r.started_at)
      AND x.state = 'finished' AND NOT x.partial
    ORDER BY x.verification_id DESC LIMIT 1) v ON true
  LEFT JOIN LATERAL (
    SELECT count(*) AS looks, count(*) FILTER (WHERE state = 'verified') AS looked FROM (
      SELECT state FROM carryover.verified_ranges x WHERE x.verification_id = r.verification_id
      UNION ALL SELECT state FROM carryover.verification_checks x WHERE x.verification_id = r.verification_id) y
    WHERE r.state = 'open' AND r.verification_id IS NOT NULL) l ON true`;

/** One that had nothing to do ends what its own schedule missed, or was refused: of others' it says nothing. */
const VAIN_STARTS = `
WITH asked AS (
  SELECT *, coalesce(schedule, workflow) AS starter, outcome IN ('missed', 'refused', 'nothing_to_do') AS vain
    FROM carryover.starts WHERE migration = ANY ($1::text[])),
taken AS (SELECT migration, max(start_id) AS last FROM asked WHERE NOT vain GROUP BY 1),
idle AS (SELECT migration, starter, max(start_id) AS last FROM asked WHERE outcome = 'nothing_to_do' GROUP BY 1, 2)
SELECT DISTINCT ON (s.migration, s.outcome) s.migration, s.outcome, ${instantText('s.at')} AS at, s.workflow, s.schedule,
       s.cause, (count(*) OVER (PARTITION BY s.migration, s.outcome))::text AS times
  FROM asked s
  LEFT JOIN taken t ON t.migration = s.migration
  LEFT JOIN idle i ON i.migration = s.migration AND i.starter = s.starter AND s.outcome <> 'nothing_to_do'
 WHERE s.vain AND s.start_id > greatest(t.last, i.last, 0)
 -- Of refused ones a schedule's comes first: nobody was there to read why.
 ORDER BY s.migration, s.outcome, (s.outcome = 'refused' AND s.schedule IS NULL), s.start_id DESC`;

/** The latest run of each migration, by name; of one migration where it is named. */
export function readLatestRuns(target: TargetQueries, migration: string | null = null): Promise<RunStatus[]> {
  return readRuns(
    target,
    `${RUNS} WHERE r.run_id IN (SELECT max(run_id) FROM carryover.runs GROUP BY migration)
       AND ($1::text IS NULL OR r.migration = $1) ORDER BY r.migration`,
    [migration],
  );
}

/** One run, or undefined where the ledger knows none of that number. */
export async function readRun(target: TargetQueries, run: string): Promise<RunStatus | undefined> {
  return (await readRuns(target, `${RUNS} WHERE r.run_id = $1`, [run]))[0];
}

async function readRuns(target: TargetQueries, sql: string, values: (string | null)[]): Promise<RunStatus[]> {
  const runs = (await target.query<Row>('status.runs', sql, values)).rows;
  const batches = await target.query<Row>(
    'status.batches',
    `SELECT run_id::text AS run, state, count(*)::text AS batches
       FROM carryover.batches WHERE run_id = ANY ($1::bigint[]) GROUP BY 1, 2`,
    [runs.map((run) => run.run)],
  );
  const setAside = await target.query<Row>(
    'status.setAside',
    `SELECT b.run_id::text AS run, b.batch::text AS batch, b.state, b.cause FROM carryover.batches b
       WHERE b.run_id = ANY ($1::bigint[]) AND b.state IN ('parked', 'skipped') ORDER BY b.run_id, b.batch`,
    [runs.map((run) => run.run)],
  );
  const starts = await readVainStarts(
    target,
    runs.map((run) => run.migration!),
  );
  return runs.map((run) => toStatus(run, batches.rows, setAside.rows, starts));
}

/** Starts of these migrations that came to nothing since one was taken last, by migration. */
export async function readVainStarts(
  target: TargetQueries,
  migrations: readonly string[],
): Promise<ReadonlyMap<string, readonly VainStart[]>> {
  const { rows } = await target.query<Row>('status.vainStarts', VAIN_STARTS, [migrations]);
  const found = new Map<string, VainStart[]>();
  for (const row of rows) found.set(row.migration!, [...(found.get(row.migration!) ?? []), toStart(row)]);
  return found;
}

function toStatus(
  row: Row,
  batches: readonly Row[],
  setAside: readonly Row[],
  starts: ReadonlyMap<string, readonly VainStart[]>,
): RunStatus {
  const own = (rows: readonly Row[]): Row[] => rows.filter((other) => other.run === row.run);
  const inState = (state: BatchState): Row[] => own(setAside).filter((batch) => batch.state === state);
  const count = (name: string): number => Number(row[name]);
  return {
    run: row.run!,
    migration: row.migration!,
    mode: row.mode as RunStatus['mode'],
    state: row.state as RunStatus['state'],
    verdict: row.verdict!,
    workflow: row.owner_workflow!,
    owner: {
      cluster: row.owner_cluster!,
      namespace: row.owner_namespace!,
      workflow: row.owner_workflow!,
      firstRun: row.owner_first_run!,
    },
    startedAt: row.started!,
    finishedAt: row.finished!,
    age: count('age'),
    estimatedRows: count('estimated'),
    undoes: row.undoes ?? null,
    balance: {
      source: count('source'),
      loaded: count('loaded'),
      quarantined: count('quarantined'),
      excluded: count('excluded'),
      excludedByDecision: count('excluded_by_decision'),
      pending: count('pending'),
    },
    written: {
      inserted: count('inserted'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      takenAway: count('taken_away'),
    },
    batches: Object.fromEntries(
      BATCH_STATES.flatMap((state) => {
        const found = own(batches).find((batch) => batch.state === state);
        return found === undefined ? [] : [[state, Number(found.batches)]];
      }),
    ),
    paused: row.paused == null ? null : { at: row.paused, cause: row.pause_cause! },
    parked: inState('parked').map(({ batch, cause }) => ({ batch: Number(batch), cause: cause ?? null })),
    skipped: inState('skipped').map(({ batch }) => Number(batch)),
    verifying: count('looks') === 0 ? null : { looked: count('looked'), of: count('looks') },
    verified:
      row.verification == null
        ? null
        : {
            verification: row.verification,
            verdict: row.verified_as as Verdict,
            final: row.final === 'true',
            own: row.own === 'true',
            at: row.verified_at!,
          },
    vainStarts: (row.latest === 'true' ? starts.get(row.migration!) : undefined) ?? [],
  };
}

const toStart = (row: Row): VainStart => ({
  outcome: row.outcome as VainStart['outcome'],
  at: row.at!,
  workflow: row.workflow!,
  schedule: row.schedule ?? null,
  cause: row.cause ?? null,
  times: Number(row.times),
});
