/**
 * The operator's verbs as updates: each takes one JSON object, is refused at once and in words, takes effect, is recorded
 * in the ledger with whoever sent it, and answers in words.
 */
import {
  CancellationScope,
  condition,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import type {
  CancelRequest,
  Decision,
  Outage,
  PauseRequest,
  Progress,
  ResumeRequest,
  RetryBatchRequest,
  SetConcurrencyRequest,
  SkipBatchRequest,
} from '../shared/messages';
import { OUTAGE_SIGNAL, STATUS_QUERY } from '../shared/names';
import type { Verb } from '../shared/names';
import { EXAMPLES, checkRequest, listBatches, readBatches } from '../shared/verb-requests';
import type { Standing } from '../shared/verb-requests';
import { failureType, ledger } from './activity-proxies';
import { asOwnFailure, ownFailure } from './run-control';
import type { RunControl } from './run-control';
import { refuse } from './refuse';

export const statusQuery = defineQuery<Progress>(STATUS_QUERY);
export const outageSignal = defineSignal<[Outage]>(OUTAGE_SIGNAL);

/** The words of each verb in the lists of the Temporal UI. */
const DESCRIPTIONS: Readonly<Record<Verb, string>> = {
  retryBatch: `run parked batches again, take skipped ones back: ${EXAMPLES.retryBatch}`,
  skipBatch: `leave parked batches out, their rows count as excluded: ${EXAMPLES.skipBatch}`,
  pause: `begin no batch until resume; those in flight end: ${EXAMPLES.pause}`,
  resume: `go on after a pause: ${EXAMPLES.resume}`,
  setConcurrency: `change how many batches are in flight: ${EXAMPLES.setConcurrency}`,
  cancel: `stop the run, steps in hand end or roll back; a new start goes on with it: ${EXAMPLES.cancel}`,
};

export function registerHandlers(control: RunControl): void {
  const { progress } = control;
  setHandler(statusQuery, () => progress.toProgress(), { description: 'how the run stands, as JSON' });
  setHandler(
    outageSignal,
    (outage) => {
      progress.outage = String(outage?.cause ?? 'a server is away').slice(0, 400);
      control.show();
    },
    { description: 'sent by workers: a server is away' },
  );
  verb<RetryBatchRequest>(control, 'retryBatch', (request) => retryBatch(control, request));
  verb<SkipBatchRequest>(control, 'skipBatch', (request) => skipBatch(control, request));
  verb<PauseRequest>(control, 'pause', (request) => pause(control, request));
  verb<ResumeRequest>(control, 'resume', (request) => resume(control, request));
  verb<SetConcurrencyRequest>(control, 'setConcurrency', (request) => setConcurrency(control, request));
  verb<CancelRequest>(control, 'cancel', (request) => cancel(control, request));
}

function verb<T extends object>(control: RunControl, name: Verb, act: (request: T) => Promise<string>): void {
  const { progress } = control;
  const check = (request: unknown): string[] => checkRequest(name, request, standingOf(control, name));
  // Sent at the border between two histories: what is parked is not known yet, and soon will be.
  const isTooEarly = (): boolean => control.isContinued && !standingOf(control, name).ready;
  setHandler(
    defineUpdate<string, [T | undefined]>(name),
    // A decision that was accepted is carried out, also where the run is cancelled meanwhile.
    (request) =>
      CancellationScope.nonCancellable(async () => {
        if (isTooEarly()) {
          await condition(() => !isTooEarly() || progress.phase === 'cancelling' || progress.phase === 'finished');
          const problems = check(request);
          if (problems.length > 0) throw ownFailure(problems.join('; '), 'InputRefused');
        }
        return act(request ?? ({} as T));
      }),
    {
      description: DESCRIPTIONS[name],
      validator: (request) => {
        if (!isTooEarly()) refuse(check(request));
      },
    },
  );
}

function standingOf({ progress, cancelling, resuming, holdsItself }: RunControl, name: Verb): Standing {
  const { phase, plan, closed, pauseCause } = progress;
  // None of them needs to know what is parked.
  const isAlwaysKnown = name === 'cancel' || (name === 'resume' && holdsItself);
  return {
    ready: progress.ready || (plan !== null && isAlwaysKnown),
    comparing: phase === 'comparing',
    verifying: phase === 'verifying',
    ended: phase === 'finished' || (closed && !(name === 'resume' && pauseCause !== null)),
    parked: new Set(progress.parked.keys()),
    skipped: progress.skipped,
    loaded: progress.everLoaded,
    pauseCause,
    resuming,
    cancelling: cancelling || phase === 'cancelling',
    hoursOver: progress.hoursOver,
    concurrencyLimit: plan?.concurrencyLimit ?? 1,
    brake: (changed) => progress.brake(changed),
  };
}

/** Writes a decision into the ledger; what it changes there, it changes in the same transaction. */
async function decide(
  control: RunControl,
  verb: Verb,
  request: Pick<Decision, 'by' | 'reason'>,
  more: Partial<Decision>,
  effect: () => void = () => undefined,
): Promise<void> {
  const { id } = currentUpdateInfo()!;
  const { progress } = control;
  const { by, reason } = request;
  await control.inTurn(async () => {
    const { run, migration, epoch } = control.plan;
    try {
      await ledger.decide.executeWithOptions({ summary: `${migration}: ${verb}` }, [
        { run, migration, epoch, verb, update: id, by, reason, ...more },
      ]);
    } catch (error) {
      if (failureType(error) === 'LedgerBehind') {
        // Whoever resumes a run wants it to go on, from wherever its ledger stands.
        if (verb === 'resume') control.pausedByPerson = false;
        control.noteBehind(error);
      }
      // The batch is not what it was taken for: a reset workflow does not know of decisions that were taken since.
      if (failureType(error) === 'InputRefused') progress.stale = true;
      throw asOwnFailure(error, 'DecisionFailed');
    }
    effect();
  });
}

async function retryBatch(control: RunControl, request: RetryBatchRequest): Promise<string> {
  const { progress, retries } = control;
  const batches = request.batch === 'all' ? [...progress.parked.keys()] : readBatches(request.batch)!;
  const before = batches.map((batch) => ({
    batch,
    cause: progress.parked.get(batch),
    differs: progress.differing.has(batch),
  }));
  const skipped = batches.filter((batch) => progress.skipped.has(batch));
  // Taken at once, so that a second request for the same batch is refused.
  for (const batch of batches) {
    progress.unpark(batch);
    progress.deciding.add(batch);
  }
  try {
    await decide(control, 'retryBatch', request, { batches }, () => {
      retries.push(...batches);
      progress.stale ||= skipped.length > 0;
    });
  } catch (error) {
    for (const { batch, cause, differs } of before) {
      if (cause === undefined) progress.skip(batch);
      else progress.park(batch, cause, differs);
    }
    throw error;
  } finally {
    for (const batch of batches) progress.deciding.delete(batch);
    progress.decided += 1;
    control.tell();
  }
  const back = skipped.length > 0 ? `; no longer skipped: ${listBatches(skipped)}` : '';
  const when = control.isPaused ? ' once the run is resumed' : '';
  return `${sayBatches(batches)} again${when}${back}`;
}

const sayBatches = (batches: readonly number[]): string =>
  batches.length === 1 ? `batch ${batches[0]!} starts` : `batches ${listBatches(batches)} start`;

async function skipBatch(control: RunControl, request: SkipBatchRequest): Promise<string> {
  const { progress } = control;
  const batches = readBatches(request.batch)!;
  const before = batches.map((batch) => ({ batch, cause: progress.parked.get(batch)! }));
  for (const batch of batches) {
    progress.skip(batch);
    progress.deciding.add(batch);
  }
  try {
    await decide(control, 'skipBatch', request, { batches }, () => (progress.stale = true));
  } catch (error) {
    for (const { batch, cause } of before) {
      progress.skipped.delete(batch);
      progress.park(batch, cause);
    }
    throw error;
  } finally {
    for (const batch of batches) progress.deciding.delete(batch);
    progress.decided += 1;
    control.tell();
  }
  const what = batches.length === 1 ? `batch ${batches[0]!} is` : `batches ${listBatches(batches)} are`;
  return `${what} skipped: the rows count as excluded by decision; retryBatch takes them back`;
}

async function pause(control: RunControl, request: PauseRequest): Promise<string> {
  const { progress } = control;
  const cause = request.reason?.trim() ?? 'paused by an operator';
  progress.pauseCause = cause;
  control.tell();
  try {
    await decide(control, 'pause', request, {}, () => (control.pausedByPerson = true));
  } catch (error) {
    // Meanwhile the run may have paused by itself, for another cause.
    if (progress.pauseCause === cause) progress.pauseCause = null;
    control.tell();
    throw error;
  }
  const { size } = progress.inFlight;
  return size === 0
    ? 'paused: no batch is in flight'
    : `pausing: ${size === 1 ? 'one batch' : `${size} batches`} in flight will end, no other begins until resume`;
}

async function resume(control: RunControl, request: ResumeRequest): Promise<string> {
  const { maxParked, maxQuarantine, maxDeletes } = request;
  const raised = { ...(maxParked == null ? {} : { maxParked }), ...(maxQuarantine == null ? {} : { maxQuarantine }) };
  control.resuming = true;
  try {
    await decide(control, 'resume', request, { ...raised, ...(maxDeletes == null ? {} : { maxDeletes }) }, () => {
      control.plan = { ...control.plan, ...raised };
      control.progress.pauseCause = null;
      control.pausedByPerson = false;
    });
  } finally {
    control.resuming = false;
  }
  control.tell();
  return 'resumed';
}

async function setConcurrency(control: RunControl, request: SetConcurrencyRequest): Promise<string> {
  const { concurrency } = request;
  const before = control.plan.concurrency;
  await decide(control, 'setConcurrency', request, { concurrency }, () => {
    control.plan = { ...control.plan, concurrency };
  });
  control.show();
  return `${concurrency === 1 ? 'one batch' : `${concurrency} batches`} in flight at most, ${before} until now`;
}

async function cancel(control: RunControl, request: CancelRequest): Promise<string> {
  control.cancelling = true;
  try {
    // Recorded first; then the activity asks Temporal to cancel this very workflow.
    await decide(control, 'cancel', request, {});
  } catch (error) {
    control.cancelling = false;
    throw error;
  }
  const { run, migration } = control.plan;
  if (control.progress.closed) return `run ${run} had ended before it could be cancelled`;
  return `run ${run} is being cancelled: steps in hand end or roll back; start ${migration} again to go on with it`;
}
