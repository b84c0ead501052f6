/** What must be true of a run that has come to its end, whatever befell it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import { patiently } from '../rig/lane';
import type { Lane } from '../rig/lane';
import type { Person } from './person';

/** Milliseconds for the servers to notice that a worker has gone. */
const SESSIONS_MS = 10_000;

interface Books {
  readonly decisions: readonly string[];
  readonly starts: readonly { readonly workflow: string; readonly workflow_run: string; readonly outcome: string }[];
  /** Runs whose epoch is not 1 and one for each time that somebody else went on with it. */
  readonly miscounted: readonly string[];
  readonly unbalanced: readonly string[];
}

const BOOKS = `
SELECT
  (SELECT coalesce(jsonb_agg(decision), '[]') FROM carryover.audit) AS decisions,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('workflow', workflow, 'workflow_run', workflow_run, 'outcome', outcome)),
     '[]') FROM carryover.starts) AS starts,
  (SELECT coalesce(jsonb_agg(format('run %s: epoch %s', run_id, epoch)), '[]') FROM carryover.runs r WHERE epoch <> 1 +
     (SELECT count(*) FROM carryover.starts s WHERE s.run_id = r.run_id AND outcome IN ('resumed', 'took_over')) OR 1 <>
     (SELECT count(*) FROM carryover.starts s WHERE s.run_id = r.run_id AND outcome = 'opened')) AS miscounted,
  (SELECT coalesce(jsonb_agg(format('run %s', run_id)), '[]') FROM carryover.run_balance
   WHERE source <> loaded + quarantined + excluded + pending
      OR (run_id = (SELECT max(run_id) FROM carryover.runs) AND NOT complete)) AS unbalanced`;

/** Compares the books of the ledger with what Temporal's histories say was decided and started. */
export async function audit(client: Client, lane: Lane, person: Person): Promise<string[]> {
  const [books] = await lane.onTarget<Books>(BOOKS);
  const { decisions, starts, miscounted, unbalanced } = books!;
  const wrong = [
    ...miscounted.map((run) => `${run}, which the starts do not account for`),
    ...unbalanced.map((run) => `${run} does not balance`),
    ...decisions.filter((id) => !person.sent.has(id)).map((id) => `the audit has decision ${id}, which nobody sent`),
    ...starts
      .filter(({ workflow }) => !person.ids.includes(workflow))
      .map(({ workflow }) => `the starts name ${workflow}, which nobody started`),
  ];
  for (const execution of person.executions) {
    const { answered, planned } = await readHistory(client, execution);
    for (const id of answered) {
      if (!decisions.includes(id)) wrong.push(`update ${id} was answered, and the audit does not have it`);
    }
    const outcomes = starts.filter(({ workflow_run }) => workflow_run === execution.runId);
    const went = outcomes.map(({ outcome }) => outcome).join(', ') || 'nothing';
    const refused = outcomes.some(({ outcome }) => outcome === 'refused');
    if (planned !== null && (outcomes.length === 0 || refused !== (planned === 'refused'))) {
      wrong.push(`the start of ${execution.workflowId} was ${planned}, and the ledger has of it: ${went}`);
    }
  }
  return wrong;
}

interface Told {
  /** Updates that were answered with success. */
  readonly answered: readonly string[];
  /** What became of the plan in this very execution, where it has an end. */
  readonly planned: 'planned' | 'refused' | null;
}

async function readHistory(client: Client, { workflowId, runId }: Person['executions'][number]): Promise<Told> {
  const { events } = await patiently(() => client.workflow.getHandle(workflowId, runId).fetchHistory());
  const answered: string[] = [];
  let planned: Told['planned'] = null;
  const plans = new Set<string>();
  for (const event of events ?? []) {
    const update = event.workflowExecutionUpdateCompletedEventAttributes;
    if (update?.outcome?.success) answered.push(update.meta!.updateId!);
    if (event.activityTaskScheduledEventAttributes?.activityType?.name === 'plan') plans.add(String(event.eventId));
    const done = event.activityTaskCompletedEventAttributes;
    const failed = event.activityTaskFailedEventAttributes;
    if (done && plans.has(String(done.scheduledEventId))) planned = 'planned';
    if (failed && plans.has(String(failed.scheduledEventId))) {
      planned = failed.failure?.applicationFailureInfo?.type === 'AlreadyRunning' ? 'refused' : null;
    }
    // What is before it was another execution's.
    if (event.workflowTaskFailedEventAttributes?.newRunId) planned = null;
  }
  return { answered, planned };
}

/** Sessions of the worker's that are left on either server. */
export async function sessionsLeft(lane: Lane): Promise<string[]> {
  const deadline = Date.now() + SESSIONS_MS;
  for (;;) {
    const left = [...(await targetSessions(lane)), ...(await sourceSessions(lane))];
    if (left.length === 0 || Date.now() > deadline) return left.map((session) => `a session is left: ${session}`);
    await sleep(200);
  }
}

async function targetSessions(lane: Lane): Promise<string[]> {
  const found = await lane.onTarget<{ session: string }>(
    `SELECT format('%s on the target, %s', pid, state) AS session FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
  return found.map(({ session }) => session);
}

async function sourceSessions({ pair, name }: Lane): Promise<string[]> {
  return patiently(async () => {
    const connection = await createConnection({ uri: pair.sourceUrl });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(
        `SELECT concat(id, ' on the source, ', command) AS session FROM information_schema.processlist
         WHERE db = ? AND id <> connection_id()`,
        [name],
      );
      return rows.map(({ session }) => String(session));
    } finally {
      connection.destroy();
    }
  });
}
