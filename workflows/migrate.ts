/**
 * One run of a migration: plan → batches through a bounded window → checks → report. The loop over batches is bounded by
 * the run's upper bound and goes on in a new history when the server suggests it. The ledger alone says what is left.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  isCancellation,
  rootCause,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { MigrateInput, MigrateResult, Progress, RunPlan } from '../shared/messages';
import { PROGRESS_QUERY, RETRY_BATCH_UPDATE, SEARCH_ATTRIBUTES } from '../shared/names';
import type { RunState } from '../shared/names';
import { ledger, run as runActivities } from './activity-proxies';
import { failureType, runBatch } from './run-batch';
import { RunProgress } from './run-progress';
import { Window } from './window';

export const progressQuery = defineQuery<Progress>(PROGRESS_QUERY);
export const retryBatchUpdate = defineUpdate<string, [{ batch: number }]>(RETRY_BATCH_UPDATE);

const MIGRATION = defineSearchAttributeKey('CarryoverMigration', SEARCH_ATTRIBUTES.CarryoverMigration);
const RUN = defineSearchAttributeKey('CarryoverRun', SEARCH_ATTRIBUTES.CarryoverRun);
const STATE = defineSearchAttributeKey('CarryoverState', SEARCH_ATTRIBUTES.CarryoverState);
const PARKED = defineSearchAttributeKey('CarryoverParked', SEARCH_ATTRIBUTES.CarryoverParked);

/** Unfinished batches that are asked for at once: their answer stays below half of what one payload may hold. */
const REMAINING_LIMIT = 1_000;

/** Characters of a parked batch's cause: enough for a sentence, small in the history. */
const CAUSE_LENGTH = 400;

/** What a history hands on to the next one. */
interface Continued {
  readonly plan: RunPlan;
  readonly retries: readonly number[];
}

/**
 * Workflow type `migrate`.
 *
 * @param input one JSON object; the Temporal UI can send no more, and may send none, which is refused in words
 * @param continued set by continue-as-new alone
 */
export async function migrate(input?: MigrateInput, continued?: Continued): Promise<MigrateResult> {
  const progress = new RunProgress();
  const retries: number[] = [...(continued?.retries ?? [])];
  const show = (): void => setCurrentDetails(progress.toMarkdown(Date.now()));
  setHandler(progressQuery, () => progress.toProgress(), { description: 'rows and batches of the run, as JSON' });
  setHandler(retryBatchUpdate, ({ batch }) => requestRetry(progress, retries, batch), {
    description: 'run a parked batch again: {"batch": 3}',
    validator: (request: { batch?: unknown } | undefined) => requireParked(progress, request),
  });

  const plan = continued?.plan ?? (await planRun(input));
  const tell = (state: RunState): void =>
    upsertSearchAttributes([
      { key: MIGRATION, value: plan.migration },
      { key: RUN, value: plan.run },
      { key: STATE, value: state },
      { key: PARKED, value: progress.parked.size },
    ]);

  await migrateBatches(plan, progress, retries, show, tell, (plan) =>
    continueAsNew<typeof migrate>(input, { plan, retries: [...retries, ...progress.inFlight] }),
  );

  progress.state = 'verifying';
  tell('verifying');
  show();
  const headline = await runActivities.finish.executeWithOptions({ summary: `${plan.migration}: checks` }, [plan]);
  await runActivities.report.executeWithOptions({ summary: `${plan.migration}: report` }, [plan]);
  progress.state = 'finished';
  progress.verdict = headline.verdict;
  tell(headline.verdict);
  show();
  const result: MigrateResult = { run: plan.run, migration: plan.migration, ...headline };
  if (headline.verdict === 'not_proven') {
    throw ApplicationFailure.nonRetryable(
      `run ${plan.run} of ${plan.migration} is not proven: ${headline.findings} findings, ${headline.pending} rows ` +
        `pending. \`carryover report ${plan.run}\` says what was found.`,
      'NotProven',
      result,
    );
  }
  return result;
}

async function planRun(input: unknown): Promise<RunPlan> {
  try {
    return await runActivities.plan.executeWithOptions({ summary: 'plan' }, [
      { input, firstRun: workflowInfo().firstExecutionRunId },
    ]);
  } catch (error) {
    // The operator reads the reason in the workflow's own failure, not below two others.
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (cause instanceof ApplicationFailure)
      throw ApplicationFailure.nonRetryable(cause.message, cause.type ?? 'PlanFailed');
    throw error;
  }
}

async function migrateBatches(
  plan: RunPlan,
  progress: RunProgress,
  retries: number[],
  show: () => void,
  tell: (state: RunState) => void,
  goOnAnew: (plan: RunPlan) => Promise<never>,
): Promise<void> {
  const window = new Window(plan.concurrency);
  const ask = () => ledger.remaining({ run: plan.run, epoch: plan.epoch, limit: REMAINING_LIMIT });
  const work = async (batch: number, alreadyLoaded: boolean): Promise<void> => {
    const parked = progress.parked.size;
    await carryBatch(plan, progress, batch, alreadyLoaded, show);
    if (progress.parked.size !== parked) tell('running');
  };
  const again = async (batch: number): Promise<void> => {
    await work(batch, false);
    progress.recount(await ask());
    tell('running');
  };

  const remaining = await ask();
  progress.begin(plan, remaining, Date.now());
  for (const batch of retries) progress.unpark(batch);
  tell('running');
  show();

  let unfinished = remaining.batches.filter(({ batch, state }) => state !== 'parked' && !retries.includes(batch));
  let next = remaining.nextBatch;
  let cutToEnd = remaining.cutToEnd;
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) {
      await window.drain();
      await condition(allHandlersFinished);
      await goOnAnew(plan);
    }
    const retried = retries.shift();
    const begun = retried === undefined ? unfinished.shift() : undefined;
    if (retried !== undefined) {
      await window.admit(() => again(retried));
    } else if (begun !== undefined) {
      await window.admit(() => work(begun.batch, begun.state === 'loaded'));
    } else if (!cutToEnd) {
      const batch = next;
      const cut = await ledger.cut.executeWithOptions({ summary: `${plan.migration} batch ${batch}: cut` }, [
        { run: plan.run, migration: plan.migration, epoch: plan.epoch, batch },
      ]);
      if (cut.end) cutToEnd = true;
      else {
        next += 1;
        await window.admit(() => work(batch, false));
      }
    } else {
      await window.drain();
      if (retries.length > 0) continue;
      const left = await ask();
      unfinished = left.batches.filter(({ batch, state }) => state !== 'parked' && !progress.parked.has(batch));
      cutToEnd = left.cutToEnd;
      if (unfinished.length > 0 || !cutToEnd) continue;
      // Batches that differ are loaded: the run ends with them, not proven, and starting again rewrites what is ours.
      if (!progress.isHeldUp) return;
      progress.state = 'waiting';
      tell('waiting');
      show();
      await condition(() => retries.length > 0);
      progress.state = 'running';
      tell('running');
      show();
    }
  }
}

/** Takes one batch through its steps; a batch that fails for good is parked, and the others go on. */
async function carryBatch(
  plan: RunPlan,
  progress: RunProgress,
  batch: number,
  alreadyLoaded: boolean,
  show: () => void,
): Promise<void> {
  const ref = { run: plan.run, migration: plan.migration, epoch: plan.epoch, batch };
  progress.inFlight.add(batch);
  show();
  try {
    const differences = await runBatch(ref, alreadyLoaded, (result) => {
      progress.addLoaded(result);
      show();
    });
    if (differences === 0) progress.addValidated();
    else progress.park(batch, `difference: ${differences} rows differ between source and target`, true);
  } catch (error) {
    // Somebody else owns the run by now, or it was cancelled: nothing of it may be touched any more.
    if (isCancellation(error) || failureType(error) === 'Superseded') throw error;
    const step = error instanceof ActivityFailure ? `${error.activityType}: ` : '';
    const cause = `${step}${rootCause(error) ?? 'unknown'}`.slice(0, CAUSE_LENGTH);
    await ledger.park.executeWithOptions({ summary: `${plan.migration} batch ${batch}: park` }, [{ ref, cause }]);
    progress.park(batch, cause);
  } finally {
    progress.inFlight.delete(batch);
    show();
  }
}

function requestRetry(progress: RunProgress, retries: number[], batch: number): string {
  progress.unpark(batch);
  retries.push(batch);
  return `batch ${batch} starts again`;
}

/** Refuses in words, and without a stack, which the Temporal UI would print. */
function requireParked(progress: RunProgress, request: { batch?: unknown } | undefined): void {
  const parked = [...progress.parked.keys()].join(', ') || 'none';
  const refuse = (message: string): never => {
    const error = new Error(message);
    error.stack = '';
    throw error;
  };
  // So begins each history of a run, also one that another has handed its plan to.
  if (progress.state === 'planning') return refuse('the run is still reading the ledger; send it again in a moment');
  const batch = request?.batch;
  if (typeof batch !== 'number' || !Number.isInteger(batch)) {
    return refuse(`give the batch's number, such as {"batch": 3}; parked: ${parked}`);
  }
  if (!progress.parked.has(batch)) return refuse(`batch ${batch} is not parked; parked: ${parked}`);
}
