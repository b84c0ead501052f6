/** Does each step of a plan. */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import type { Verb } from '../../../shared/names';
import { onTarget, patiently } from '../rig/lane';
import type { Lane } from '../rig/lane';
import type { Servers } from '../rig/servers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Crew } from './crew';
import type { Person } from './person';
import type { Step } from './plan';

export interface Scene {
  readonly servers: Servers;
  readonly lane: Lane;
  readonly crew: Crew;
  readonly person: Person;
  readonly note: (line: string) => void;
  /** Verbs that were sent, and have no answer yet. */
  readonly asked: Promise<void>[];
  /** What became of each verb. */
  readonly answers: Answer[];
}

export interface Answer {
  readonly verb: Verb;
  readonly fate: 'taken' | 'refused' | 'unanswered';
}

/** Of the newest run: batches that are set aside, all that are behind it, and whether it waits for a person, or is over. */
const STANDING = `
SELECT coalesce(array_agg(batch) FILTER (WHERE b.state = 'parked'), '{}') AS parked,
       coalesce(array_agg(batch) FILTER (WHERE b.state = 'skipped'), '{}') AS skipped,
       count(*) FILTER (WHERE b.state IN ('loaded', 'validated', 'parked', 'skipped'))::int AS behind,
       coalesce(bool_or(r.paused_at IS NOT NULL OR r.state <> 'open'), false) OR coalesce(bool_and(
         r.cut_to_end AND b.state IN ('validated', 'parked', 'skipped')), false) AS still
FROM carryover.runs r LEFT JOIN carryover.batches b USING (run_id)
WHERE run_id = (SELECT max(run_id) FROM carryover.runs)`;

export interface Standing {
  readonly parked: readonly number[];
  readonly skipped: readonly number[];
  readonly behind: number;
  readonly still: boolean;
}

export const standing = async (lane: Lane): Promise<Standing> => (await lane.onTarget<Standing>(STANDING))[0]!;

export async function act(scene: Scene, step: Step): Promise<void> {
  const { servers, lane, crew, person } = scene;
  switch (step.kind) {
    case 'kill worker':
      return crew.kill(step.worker, step.ms);
    case 'end worker':
      return crew.end(step.worker, step.ms);
    case 'freeze worker':
      return crew.freeze(step.worker, step.ms);
    case 'cut way':
      return crew.cut(step.worker, step.way, step.ms);
    case 'end sessions':
      return step.server === 'target' ? endTargetSessions(lane, step.share) : endSourceSessions(lane, step.share);
    case 'kill servers':
      await Promise.all(step.servers.map((server) => servers.kill(server)));
      await sleep(step.ms);
      return servers.restart();
    case 'empty stage':
      return onStage(lane, step.share, (table) => `TRUNCATE ${table}`);
    case 'drop stage':
      return onStage(lane, step.share, (table) => `DROP TABLE IF EXISTS ${table}`);
    case 'second start':
      return person.start();
    case 'terminate':
      return onCurrent(scene, async (id) => {
        await person.terminate(id);
        await person.start();
      });
    case 'reset':
      return onCurrent(scene, (id) => person.reset(id, step.share));
    case 'cure':
      return cure(lane);
    case 'verb':
      return ask(scene, step.verb, step.share);
  }
}

/**
 * Not while a load is under way that has met it: that one would isolate some rows, and load the others. A load holds the
 * row of its batch to its end; a lock on the poison itself it loses with each savepoint that it goes back to.
 */
export async function cure(lane: Lane): Promise<void> {
  await lane.onTarget('BEGIN; SELECT FROM carryover.batches FOR UPDATE; DELETE FROM rig.poison; COMMIT');
}

/** One share in [0, 1) picks one of them. */
const pick = <T>(from: readonly T[], share: number): T | undefined => from[Math.floor(share * from.length)];

/** What a person does to a run may come too late, or while Temporal is away: then it is not done. */
async function onCurrent({ person, note }: Scene, work: (id: string) => Promise<void>): Promise<void> {
  try {
    const id = await person.current();
    if (id === null) note('nothing runs');
    else await work(id);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    note(`not done: ${sayError(error)}`);
  }
}

/** A failure by its innermost words. */
export function sayError(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? sayError(cause) : String(error).slice(0, 300);
}

/** Sends a verb and does not wait for its answer. */
async function ask(scene: Scene, verb: Verb, share: number): Promise<void> {
  const { lane, person, note, asked, answers } = scene;
  const { parked, skipped } = await standing(lane);
  // Without one that is set aside it is refused, which is as it should be.
  const batch = pick(verb === 'skipBatch' ? parked : [...parked, ...skipped], share) ?? 1 + Math.floor(share * 9);
  const requests: Readonly<Record<Verb, object>> = {
    retryBatch: { batch },
    skipBatch: { batch, reason: 'chaos' },
    pause: { reason: 'chaos' },
    resume: { maxParked: 100 },
    setConcurrency: { concurrency: 1 + Math.floor(share * 4) },
    cancel: { reason: 'chaos' },
  };
  await onCurrent(scene, (id) => {
    const answer = person.send(id, verb, requests[verb]).then(
      (words) => {
        note(`${verb}: ${words}`);
        answers.push({ verb, fate: 'taken' });
      },
      (error: unknown) => {
        note(`${verb}: ${sayError(error)}`);
        answers.push({ verb, fate: error instanceof WorkflowUpdateFailedError ? 'refused' : 'unanswered' });
      },
    );
    asked.push(answer);
    return Promise.resolve();
  });
}

async function endTargetSessions(lane: Lane, share: number): Promise<void> {
  await lane.onTarget(`
    SELECT pg_terminate_backend(pid) FROM (
      SELECT pid, row_number() OVER (ORDER BY pid) AS place, count(*) OVER () AS them FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()) s
    WHERE place <= ceil(${share} * them)`);
}

async function endSourceSessions({ pair, name }: Lane, share: number): Promise<void> {
  await patiently(async () => {
    const connection = await createConnection({ uri: pair.sourceUrl });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT id FROM information_schema.processlist WHERE db = ? AND id <> connection_id() ORDER BY id',
        [name],
      );
      // One that has ended by itself meanwhile is not there to be ended.
      for (const { id } of rows.slice(0, Math.ceil(share * rows.length)) as { id: number }[]) {
        await connection.query('KILL ?', [id]).catch(() => undefined);
      }
    } finally {
      connection.destroy();
    }
  });
}

/** Stage tables come and go: one that is gone, or locked for long, is left alone. */
async function onStage({ pair }: Lane, share: number, sql: (table: string) => string): Promise<void> {
  const list = `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname = 'carryover_stage' ORDER BY tablename`;
  const found = await patiently(() => onTarget<{ name: string }>(pair.targetUrl, list));
  const table = pick(found, share);
  if (table === undefined) return;
  await onTarget(pair.targetUrl, `SET lock_timeout = '2s'`, sql(table.name)).catch(() => undefined);
}
