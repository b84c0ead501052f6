/** A run of eight batches that stands still in the middle of its work, so that a test can end its workflow there. */
import { randomUUID } from 'node:crypto';
import type { WorkflowStartOptions } from '@temporalio/client';
import type { PoolClient } from 'pg';
import type { MigrateResult } from '../../shared/messages';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { pastTransitions } from '../support/ledger';
import { scheduledActivities } from '../support/temporal';
import type { History } from '../support/temporal';
import { connectTemporal, startWorker } from '../support/worker';
import type { Migrate, MigrateHandle, RunningWorker, TemporalClient } from '../support/worker';

const ROWS = 800;
const BATCH_ROWS = 100;

/** What the ledger holds at the standstill: the fourth batch is held in its validation, the fifth in its load. */
export const STANDSTILL = ['validated', 'validated', 'validated', 'loaded', 'running'];

const LOAD = ['extract', 'mapCases', 'mapActors', 'transform', 'load', 'validate'];
/** The steps that are left to do from there, by batch; the last cut finds that there is nothing more. */
export const LEFT = {
  4: ['validate'],
  5: LOAD,
  6: ['cut', ...LOAD],
  7: ['cut', ...LOAD],
  8: ['cut', ...LOAD],
  9: ['cut'],
};

/** Places where a run stands still for as long as the test holds the lock of this number. */
export const GATE = {
  /** The validation of the fourth batch, and every load from the middle of the fifth on. */
  middle: 45,
  /** Every load from the middle of the seventh batch on. */
  late: 46,
  /** The run's end. */
  end: 47,
};

interface RunLine {
  readonly run: string;
  readonly epoch: number;
  readonly state: string;
  readonly owner: string;
}

export interface Rig {
  readonly engine: Engine;
  readonly temporal: TemporalClient;
  readonly taskQueue: string;
  /** Has every run stand still there from now on, until `letGo`. */
  hold(gate?: number): Promise<void>;
  letGo(gate?: number): void;
  /** Starts `migrate` under an id of its own. */
  start(options?: Partial<WorkflowStartOptions<Migrate>>): Promise<MigrateHandle>;
  /** Starts `migrate` and waits until it stands still. */
  standstill(options?: Partial<WorkflowStartOptions<Migrate>>): Promise<MigrateHandle>;
  /** Waits until so many statements wait at the gate. */
  waiting(statements: number, gate?: number): Promise<void>;
  runs(): Promise<RunLine[]>;
  states(): Promise<string[]>;
  /** How the starts ended, in order. */
  outcomes(): Promise<string[]>;
  /** Who decided what, and why, in order. */
  audit(): Promise<{ verb: string; who: string; reason: string | null }[]>;
  /** Waits until the owner has raised the epoch. */
  epoch(wanted: number): Promise<void>;
  /** Fails unless the result is proven, with every source row in the target or in quarantine, and written once. */
  expectWhole(result: MigrateResult): Promise<void>;
  /** Ends what still runs; ledger and target are as new. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

/** @param address of the Temporal to use; the private one unless given */
export async function createRig(address?: string): Promise<Rig> {
  const [engine, temporal] = await Promise.all([
    createEngine({ sample: { rows: ROWS } }),
    connectTemporal(address === undefined ? {} : { address }),
  ]);
  const worker: RunningWorker = await startWorker(engine, temporal);
  const [fifth, seventh] = await Promise.all(
    [4.5, 6.5].map(
      async (batches) =>
        (await engine.onSource(`SELECT id FROM dispatch_state ORDER BY id LIMIT 1 OFFSET ${batches * BATCH_ROWS}`))[0]!
          .id,
    ),
  );
  await engine.onTarget(`
CREATE SCHEMA watch;
CREATE TABLE watch.writes (legacy_id bigint NOT NULL);
CREATE FUNCTION watch.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO watch.writes VALUES (NEW.legacy_id);
  RETURN NULL;
END $$;
CREATE FUNCTION watch.wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint);
  RETURN NEW;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON public.case_states FOR EACH ROW EXECUTE FUNCTION watch.note();
CREATE TRIGGER wait AFTER INSERT ON public.case_states FOR EACH ROW WHEN (NEW.legacy_id >= ${fifth!})
  EXECUTE FUNCTION watch.wait(${GATE.middle});
CREATE TRIGGER wait_late AFTER INSERT ON public.case_states FOR EACH ROW WHEN (NEW.legacy_id >= ${seventh!})
  EXECUTE FUNCTION watch.wait(${GATE.late});
CREATE TRIGGER wait BEFORE UPDATE ON carryover.batches FOR EACH ROW
  WHEN (NEW.batch = 4 AND NEW.state = 'validated' AND OLD.state = 'loaded') EXECUTE FUNCTION watch.wait(${GATE.middle});
CREATE TRIGGER wait BEFORE UPDATE ON carryover.runs FOR EACH ROW WHEN (NEW.state = 'finished')
  EXECUTE FUNCTION watch.wait(${GATE.end})`);

  const handles: MigrateHandle[] = [];
  const held = new Map<number, PoolClient>();
  const letGo = (gate: number): void => {
    held.get(gate)?.release(true);
    held.delete(gate);
  };
  const column = async (sql: string): Promise<string[]> =>
    (await engine.onTarget<{ value: string }>(sql)).map(({ value }) => value);
  const rig: Rig = {
    engine,
    temporal,
    taskQueue: worker.taskQueue,
    hold: async (gate = GATE.middle) => {
      const session = await engine.pool.connect();
      held.set(gate, session);
      await session.query('SELECT pg_advisory_lock($1)', [gate]);
    },
    letGo: (gate = GATE.middle) => letGo(gate),
    start: async (options = {}) => {
      const handle = await temporal.client.workflow.start<Migrate>('migrate', {
        workflowId: `test-${randomUUID()}`,
        taskQueue: worker.taskQueue,
        ...options,
        args: [{ migration: 'case-states', batchRows: BATCH_ROWS, concurrency: 2 }],
      });
      handles.push(handle);
      return handle;
    },
    standstill: async (options) => {
      await rig.hold();
      const handle = await rig.start(options);
      await rig.waiting(2);
      expect(await rig.states()).toEqual(STANDSTILL);
      return handle;
    },
    waiting: (statements, gate = GATE.middle) =>
      eventually(`${statements} statements at gate ${gate}`, async () => {
        const found = await engine.onTarget(
          `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          [gate],
        );
        return found.length === statements;
      }),
    runs: () =>
      engine.onTarget(
        'SELECT run_id::text AS run, epoch, state, owner_workflow AS owner FROM carryover.runs ORDER BY run_id',
      ),
    states: () => column('SELECT state AS value FROM carryover.batches ORDER BY run_id, batch'),
    outcomes: () => column('SELECT outcome AS value FROM carryover.starts ORDER BY start_id'),
    audit: () => engine.onTarget('SELECT verb, who, reason FROM carryover.audit ORDER BY audit_id'),
    epoch: (wanted) => eventually(`epoch ${wanted}`, async () => (await rig.runs())[0]?.epoch === wanted),
    expectWhole: async (result) => {
      expect(result).toMatchObject({ source: ROWS, pending: 0, findings: 0, verdict: 'proven_with_exceptions' });
      expect(result.loaded + result.quarantined).toBe(ROWS);
      const there = await column(`SELECT legacy_id::text AS value FROM case_states
        UNION ALL SELECT legacy_key FROM carryover.quarantine WHERE state = 'open'`);
      const ids = (await engine.onSource('SELECT id FROM dispatch_state')).map(({ id }) => id);
      expect(there.sort()).toEqual(ids.sort());
      expect(await column('SELECT legacy_id::text AS value FROM watch.writes')).toHaveLength(result.loaded);
    },
    forget: async () => {
      for (const gate of held.keys()) letGo(gate);
      for (const { workflowId } of handles.splice(0)) {
        await temporal.client.workflow
          .getHandle(workflowId)
          .terminate('the test is over')
          .catch(() => undefined);
      }
      await engine.onTarget(
        pastTransitions(`TRUNCATE case_states, watch.writes, carryover.starts, carryover.audit, carryover.runs,
          carryover.settled_keys, carryover.batches, carryover.lookups, carryover.quarantine, carryover.quarantine_occurrences,
          carryover.dismissal_occurrences,
          carryover.findings, carryover.checks, carryover.before_images, carryover.quarantine_images, carryover.inserted_keys,
          carryover.verifications, carryover.verified_ranges, carryover.verification_checks`),
      );
    },
    close: async () => {
      for (const gate of held.keys()) letGo(gate);
      await worker.stop();
      await temporal.close();
      await engine.drop();
    },
  };
  return rig;
}

/** The steps of each batch in a history, in order; `after` is the number of the event behind which it is read. */
export function stepsByBatch({ events }: History, after = 0): Record<string, string[]> {
  const later = (events ?? []).filter(({ eventId }) => Number(eventId) > after);
  const steps: Record<string, string[]> = {};
  for (const { summary } of scheduledActivities({ events: later })) {
    const named = /^case-states batch (\d+): (\w+)$/.exec(summary ?? '');
    if (named !== null) (steps[named[1]!] ??= []).push(named[2]!);
  }
  return steps;
}
