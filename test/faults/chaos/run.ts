/** One run of the chaos: its plan, then its end, then the proof. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { caseStates } from '../../../mappings/case-states';
import { readEvidence } from '../rig/evidence';
import type { Evidence } from '../rig/evidence';
import { Lane } from '../rig/lane';
import type { Seed } from '../rig/lane';
import { readLedger } from '../rig/ledger-reader';
import type { Operator } from '../rig/operator';
import { poison } from '../rig/scenarios';
import type { Servers } from '../rig/servers';
import { act, cure, standing } from './actions';
import type { Answer, Scene, Standing } from './actions';
import { compare } from './compare';
import { Crew } from './crew';
import { Person } from './person';
import { sayStep } from './plan';
import type { Plan, Step } from './plan';
import { audit, sessionsLeft } from './proof';
import { settle } from './settle';

/** Milliseconds that a step waits for progress that may not come, since what befell the run before holds it up. */
const STEP_MS = 8_000;

/** A set of servers with the pair that runs are cloned from. */
export interface Stand {
  readonly servers: Servers;
  readonly operator: Operator;
  readonly seed: Seed;
}

export interface Result {
  readonly plan: Plan;
  readonly problems: readonly string[];
  readonly snapshots: number;
  /** Milliseconds: of all, and from the last fault to the end; null where it did not come to its end. */
  readonly took: number;
  readonly settled: number | null;
  readonly evidence: Evidence | null;
  readonly answers: readonly Answer[];
}

export interface RunOptions {
  /** Milliseconds from the last fault to the end. */
  readonly patience: number;
  /** What an undisturbed run has left; null where this is that run. */
  readonly undisturbed: Evidence | null;
  /** Where what is needed to understand a failure is kept. */
  readonly keep: string;
  /** Told what happens, as it happens. */
  readonly tell?: (line: string) => void;
}

export async function runPlan(stand: Stand, plan: Plan, options: RunOptions): Promise<Result> {
  const began = Date.now();
  const { servers, operator } = stand;
  const lane = await Lane.clone(servers.services, stand.seed, caseStates);
  const reader = readLedger(lane.pair.targetUrl);
  const person = new Person(operator.client, lane, plan);
  const problems: string[] = [];
  const note = (line: string): void => {
    const timed = `${((Date.now() - began) / 1000).toFixed(1)} s  ${line}`;
    journal.push(timed);
    options.tell?.(timed);
  };
  const journal: string[] = [];
  const answers: Answer[] = [];
  let crew: Crew | undefined;
  let settled: number | null = null;
  let evidence: Evidence | null = null;
  try {
    // The target refuses each row of a batch: so many that none is set aside alone.
    const { batchRows } = plan.input;
    if (plan.poisoned !== null) await poison(lane, (plan.poisoned - 1) * batchRows, plan.poisoned * batchRows);
    crew = await Crew.start(lane, plan, note);
    const scene: Scene = { servers, lane, crew, person, note, asked: [], answers };
    await person.start();
    note('started');
    for (const step of plan.steps) await take(scene, step);
    await crew.settle();
    await cure(lane);
    note('the last fault is over');
    const last = Date.now();
    await settle(lane, person, options.patience, note);
    settled = Date.now() - last;
    note('ended');
    await Promise.all(scene.asked);
    await crew.dismiss();
    await reader.stop();
    note('the workers have stopped');
    evidence = (await lane.onTarget<Record<string, unknown>>(readEvidence(lane.mapping)))[0]!;
    if (options.undisturbed !== null) problems.push(...compare(evidence, options.undisturbed));
    problems.push(...(await audit(operator.client, lane, person)), ...(await sessionsLeft(lane)));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  await reader.stop();
  problems.push(...reader.violations, ...(crew?.violations ?? []));
  const result = { plan, problems, snapshots: reader.snapshots, took: Date.now() - began, settled, evidence, answers };
  if (problems.length > 0) await keepRun(result, options.keep, { lane, person, crew, journal });
  await crew?.close();
  await lane.drop();
  return result;
}

/** Waits for its time, and does it. */
async function take(scene: Scene, step: Step): Promise<void> {
  const deadline = Date.now() + STEP_MS;
  while (Date.now() < deadline && !isTime(step, await standing(scene.lane))) await sleep(50);
  await sleep(step.wait);
  scene.note(sayStep(step));
  await act(scene, step);
}

/** What is done to batches that are set aside waits for one. */
function isTime(step: Step, { behind, parked, skipped, still }: Standing): boolean {
  const isForThem = step.kind === 'verb' && (step.verb === 'retryBatch' || step.verb === 'skipBatch');
  if (still) return true;
  return behind >= step.batches && (!isForThem || parked.length + skipped.length > 0);
}

interface Left {
  readonly lane: Lane;
  readonly person: Person;
  readonly crew: Crew | undefined;
  readonly journal: readonly string[];
}

/** No row value: numbers, states, causes and histories, which hold none. */
const LEDGER = `
SELECT
  (SELECT jsonb_agg(to_jsonb(r) - 'mapping' - 'source_columns' - 'report' ORDER BY run_id) FROM carryover.runs r) AS runs,
  (SELECT jsonb_agg(to_jsonb(b) - 'after_key' - 'to_key' ORDER BY run_id, batch) FROM carryover.batches b) AS batches,
  (SELECT jsonb_agg(to_jsonb(a) ORDER BY audit_id) FROM carryover.audit a) AS audit,
  (SELECT jsonb_agg(to_jsonb(s) ORDER BY start_id) FROM carryover.starts s) AS starts`;

async function keepRun({ plan, problems }: Result, keep: string, { lane, person, crew, journal }: Left): Promise<void> {
  const folder = join(keep, `seed-${plan.seed}-run-${plan.run}`);
  mkdirSync(folder, { recursive: true });
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  write('plan.json', plan);
  write('problems.txt', problems.join('\n'));
  write('journal.txt', journal.join('\n'));
  for (const [index, log] of (crew?.logs() ?? []).entries()) write(`worker-${index + 1}.log`, log);
  try {
    write('ledger.json', await lane.onTarget(LEDGER));
    for (const [index, { workflowId, runId }] of person.executions.entries()) {
      write(`history-${index + 1}.json`, await person.history(workflowId, runId));
    }
  } catch (error) {
    write('incomplete.txt', String(error));
  }
}
