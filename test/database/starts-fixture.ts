/** Starts over a clinic of four states, with a Temporal whose answers the test sets. */
import type { Starter } from '../../activities/dependencies';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import type { CarryoverError } from '../../shared/errors';
import type { MigrateInput, RunPlan } from '../../shared/messages';
import { openRun, refusal, startRun } from '../support/engine';
import type { Engine } from '../support/engine';
import { pastTransitions } from '../support/ledger';
import { addStates, createClinic, forgetStates } from './clinic';

export const A: Starter = { namespace: 'default', workflow: 'a', firstRun: 'a1', currentRun: 'a1', schedule: null };
export const B: Starter = { ...A, workflow: 'b', firstRun: 'b1', currentRun: 'b1' };

type Input = Omit<MigrateInput, 'migration'>;

export interface RunLine {
  readonly run: string;
  readonly state: string;
  readonly epoch: number;
  /** Workflow id and current run. */
  readonly owner: string;
}

export interface Decided {
  readonly verb: string;
  readonly who: string;
  readonly claimed_by: string | null;
  readonly reason: string | null;
  readonly workflow: string;
}

export interface Starts {
  readonly engine: Engine;
  /** What Temporal answers: its cluster, and the workflows that run, as `<workflow id> <first run>`. */
  readonly temporal: { cluster: string; readonly running: Set<string>; readonly asked: string[] };
  start(starter: Partial<Starter>, input?: Input, mapping?: Mapping): Promise<RunPlan>;
  refused(starter: Partial<Starter>, input?: Input, mapping?: Mapping): Promise<CarryoverError>;
  runs(): Promise<RunLine[]>;
  /** How the starts ended, in order: workflow, run of it, schedule, outcome, run. */
  outcomes(): Promise<string[]>;
  audit(run: string): Promise<Decided[]>;
  /** Four states and nobody who runs. */
  begin(): Promise<void>;
  forget(): Promise<void>;
}

export async function createStarts(): Promise<Starts> {
  const temporal = { cluster: 'home', running: new Set<string>(), asked: [] as string[] };
  const engine = await createClinic({
    temporal: {
      clusterId: () => Promise.resolve(temporal.cluster),
      isRunning: (workflow, firstRun) => {
        temporal.asked.push(`${workflow} ${firstRun}`);
        return Promise.resolve(temporal.running.has(`${workflow} ${firstRun}`));
      },
      identityOfStart: (workflow, firstRun) => Promise.resolve(`starter of ${workflow} ${firstRun}`),
    },
  });
  return {
    engine,
    temporal,
    start: (starter, input = {}, mapping = caseStates) => openRun(engine, mapping, input, starter),
    refused: (starter, input = {}, mapping = caseStates) => refusal(startRun(engine, mapping, input, starter)),
    runs: () =>
      engine.onTarget(
        `SELECT run_id::text AS run, state, epoch, owner_workflow || ' ' || owner_current_run AS owner
         FROM carryover.runs ORDER BY run_id`,
      ),
    outcomes: async () => {
      const told = await engine.onTarget<{ told: string }>(
        `SELECT concat_ws(' ', workflow, workflow_run, schedule, outcome, run_id) AS told
         FROM carryover.starts ORDER BY start_id`,
      );
      return told.map((line) => line.told);
    },
    audit: (run) =>
      engine.onTarget(
        'SELECT verb, who, claimed_by, reason, workflow FROM carryover.audit WHERE run_id = $1 ORDER BY audit_id',
        [run],
      ),
    begin: async () => {
      temporal.cluster = 'home';
      temporal.asked.length = 0;
      temporal.running.clear();
      await addStates(engine, [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4, status: 12 }]);
    },
    forget: async () => {
      await forgetStates(engine);
      await engine.onTarget(pastTransitions('TRUNCATE carryover.starts, carryover.audit'));
    },
  };
}
