/**
 * The ports of the activities over a ledger in memory: workflows run through the real activities and the real Temporal,
 * without databases. A test says what a step does instead of succeeding.
 */
import type { Dependencies, Runs, Steps } from '../../activities/dependencies';
import { FakeForecast } from './fake-forecast';
import { FakeVerification } from './fake-verification';
import type { Behaviour, FakeSettings, StepName } from './fake-settings';
import { caseStates } from '../../mappings/case-states';
import type { BatchState } from '../../shared/batch-states';
import type {
  BatchRef,
  Decision,
  Headline,
  LoadResult,
  Planned,
  Remaining,
  UnfinishedBatch,
} from '../../shared/messages';

export { STEPS } from './fake-settings';
export type { Behaviour, FakeSettings, StepName } from './fake-settings';

export class FakeRun {
  /** Every call in order, as `load 3`, or `plan`. */
  readonly calls: string[] = [];
  /** Most batches that were between extract and validate at once. */
  most = 0;
  /** What was decided, why the run was paused by itself, and which starts came to nothing, in order. */
  readonly decisions: Decision[] = [];
  readonly holds: (string | null)[] = [];
  readonly vain: [outcome: string, cause: string][] = [];
  /** What the decision to cancel does to the workflow: set by whoever starts it. */
  cancel: () => Promise<void> = () => Promise.resolve();
  private decided: () => Promise<void> = () => Promise.resolve();
  readonly behaviours = new Map<string, Behaviour>();
  private readonly inFlight = new Set<number>();
  private readonly everLoaded = new Set<number>();
  private readonly states = new Map<number, { state: BatchState; cause: string | null }>();
  private readonly times = new Map<string, number>();

  constructor(
    private readonly settings: FakeSettings,
    private readonly verification = new FakeVerification(),
    private readonly forecast = new FakeForecast(),
  ) {
    for (let batch = 1; batch < (settings.nextBatch ?? 1); batch += 1) this.set(batch, 'validated');
    for (const { batch, state, cause, loaded = state === 'loaded' } of settings.left ?? []) {
      this.set(batch, state, cause);
      if (loaded) this.everLoaded.add(batch);
    }
  }

  /** Lets a step of every batch, or a port such as `plan`, do this first. */
  on(name: StepName | keyof Runs, behaviour: Behaviour): this {
    this.behaviours.set(name, behaviour);
    return this;
  }

  /** Lets a decision that is in the ledger wait before it is answered. */
  onDecided(wait: () => Promise<void>): this {
    this.decided = wait;
    return this;
  }

  /** Batches between extract and validate. */
  get inFlightNow(): number {
    return this.inFlight.size;
  }

  isValidated(batch: number): boolean {
    return this.states.get(batch)?.state === 'validated';
  }

  callsOf(batch: number): string[] {
    return this.calls.filter((call) => call.endsWith(` ${batch}`)).map((call) => call.split(' ')[0]!);
  }

  /** Lets the ledger hold a batch as begun, or as done, whatever the workflow made of it. */
  forget(batch: number, state: 'running' | 'validated' = 'running'): void {
    this.set(batch, state);
  }

  /** Rows of a batch: a number of its own, so that no sum comes about by chance. */
  static rows(batch: number): number {
    return 100 + batch * batch;
  }

  totals(batches: Iterable<number>): LoadResult {
    const source = [...batches].reduce((sum, batch) => sum + FakeRun.rows(batch), 0);
    const count = [...batches].length;
    return { source, inserted: source - 2 * count, updated: count, unchanged: 0, quarantined: count, excluded: 0 };
  }

  get dependencies(): Dependencies {
    return {
      mappings: { names: () => ['case-states', 'messages'], get: () => caseStates },
      runs: this.runs(),
      steps: this.steps(),
      verifications: this.verification.ports,
      forecasts: this.forecast.ports,
      quarantine: { decide: (decision) => Promise.resolve(decision), purge: () => Promise.resolve('purge') },
    };
  }

  private runs(): Runs {
    return {
      preflight: () => Promise.resolve([]),
      open: async (mapping, mode, input): Promise<Planned> => {
        await this.call(mode === 'full' ? 'open' : `open as ${mode}`);
        if (this.settings.planned !== undefined) return this.settings.planned;
        const { concurrency = input.concurrency, batches, nextBatch } = this.settings;
        const all = Array.from({ length: batches }, (_, index) => index + 1);
        return {
          run: '7',
          migration: mapping.name,
          epoch: 1,
          batchRows: input.batchRows,
          concurrency,
          concurrencyLimit: 8,
          maxParked: 10,
          maxQuarantine: 0.1,
          estimatedRows: this.totals(all).source,
          resumed: nextBatch !== undefined,
          differing: [],
          ...this.settings.plan,
        };
      },
      vain: async (_migration, outcome, cause) => {
        await this.call('vain');
        this.vain.push([outcome, cause]);
      },
      remaining: async (_run, _epoch, limit) => {
        await this.call('remaining');
        return this.remaining(limit);
      },
      cut: async (_mapping, { batch }) => {
        await this.call('cut', batch);
        if (batch > this.settings.batches) return { end: true, rows: 0 };
        this.set(batch, 'planned');
        return { end: false, rows: FakeRun.rows(batch) };
      },
      park: async ({ batch }, cause) => {
        await this.call('park', batch);
        this.inFlight.delete(batch);
        this.set(batch, 'parked', cause);
      },
      decide: async (decision) => {
        await this.call('decide');
        this.decisions.push(decision);
        for (const batch of decision.batches ?? []) {
          if (decision.verb === 'skipBatch') this.set(batch, 'skipped');
          else this.set(batch, 'running');
        }
        if (decision.verb === 'cancel') await this.cancel();
        await this.decided();
      },
      hold: async (hold) => {
        await this.call('hold');
        this.holds.push(hold.cause);
      },
      release: async () => {
        await this.call('release');
      },
      abandon: async ({ run }) => {
        await this.call('abandon');
        return `run ${run} is abandoned`;
      },
      check: async () => {
        await this.call('check');
      },
      draft: async () => {
        await this.call('draft');
      },
      finish: async () => {
        await this.call('finish');
        return this.headline();
      },
      report: async () => {
        await this.call('report');
        return 'reports/latest.md';
      },
    };
  }

  private steps(): Steps {
    const rows = (batch: number): number => FakeRun.rows(batch);
    return {
      extract: async (_mapping, { batch }, signal) => {
        this.inFlight.add(batch);
        this.most = Math.max(this.most, this.inFlight.size);
        this.set(batch, 'running');
        await this.step('extract', batch, signal);
        return { stage: `stage-${batch}`, source: rows(batch), staged: rows(batch), excluded: 0, loaded: false };
      },
      mapCases: async (_mapping, ref, signal) => ({ resolved: await this.staged('mapCases', ref, signal), missing: 1 }),
      mapActors: async (_mapping, ref, signal) => ({
        resolved: await this.staged('mapActors', ref, signal),
        missing: 0,
      }),
      transform: async (_mapping, ref, signal) => ({ fit: await this.staged('transform', ref, signal), unfit: 1 }),
      load: async (_mapping, ref, signal) => {
        await this.staged('load', ref, signal);
        this.set(ref.batch, 'loaded');
        this.everLoaded.add(ref.batch);
        return this.totals([ref.batch]);
      },
      undo: (_mapping, { batch }) => this.undo(batch),
      validate: async (_mapping, { batch }, signal) => {
        const differences = (await this.step('validate', batch, signal)) ?? 0;
        this.inFlight.delete(batch);
        this.set(batch, differences > 0 ? 'parked' : 'validated', differences > 0 ? 'difference' : null);
        return { compared: rows(batch), differences };
      },
    };
  }

  private async undo(batch: number): Promise<LoadResult> {
    await this.call('undo', batch);
    this.set(batch, 'validated');
    return this.totals([batch]);
  }

  /** A step that needs the stage which extract has named. */
  private async staged(name: StepName, ref: BatchRef & { stage: string }, signal: AbortSignal): Promise<number> {
    if (ref.stage !== `stage-${ref.batch}`) throw new Error(`${name} got the stage ${ref.stage}`);
    return (await this.step(name, ref.batch, signal)) ?? FakeRun.rows(ref.batch);
  }

  private async step(name: StepName, batch: number, signal: AbortSignal): Promise<number | void> {
    // As a statement does: what is cancelled ends.
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('cancelled')));
    });
    aborted.catch(() => undefined);
    const told = await Promise.race([this.call(name, batch), aborted]);
    // A few milliseconds, different for each: else steps of several batches would never overlap.
    if (this.settings.hasty !== true)
      await new Promise((resolve) => setTimeout(resolve, (batch * 7 + name.length * 3) % 10));
    return told;
  }

  private call(name: string, batch?: number): Promise<number | void> {
    const call = batch === undefined ? name : `${name} ${batch}`;
    this.calls.push(call);
    const time = (this.times.get(call) ?? 0) + 1;
    this.times.set(call, time);
    return Promise.resolve(this.behaviours.get(name)?.(batch ?? 0, time));
  }

  private set(batch: number, state: BatchState, cause: string | null = null): void {
    this.states.set(batch, { state, cause });
  }

  private remaining(limit: number): Remaining {
    const batches: UnfinishedBatch[] = [];
    const done: number[] = [];
    const skipped: number[] = [];
    for (const [batch, { state, cause }] of [...this.states].sort(([one], [other]) => one - other)) {
      if (state === 'validated' || state === 'loaded' || (state === 'parked' && this.everLoaded.has(batch))) {
        done.push(batch);
      }
      if (state === 'skipped') skipped.push(batch);
      else if (state !== 'validated') {
        batches.push({ batch, state, rows: FakeRun.rows(batch), cause, loaded: this.everLoaded.has(batch) });
      }
    }
    const totals = this.totals(done);
    const left = this.totals(skipped).source;
    const nextBatch = Math.max(0, ...this.states.keys()) + 1;
    return {
      batches: batches.slice(0, limit),
      nextBatch,
      cutToEnd: nextBatch > this.settings.batches,
      done: { ...totals, source: totals.source + left, excluded: totals.excluded + left },
      skipped,
    };
  }

  private headline(): Headline {
    const of = (wanted: BatchState[]) =>
      [...this.states].filter(([, { state }]) => wanted.includes(state)).map(([batch]) => batch);
    const { inserted, updated, unchanged, quarantined, excluded, source } = this.totals(of(['validated', 'loaded']));
    const left = this.totals(of(['skipped'])).source;
    const pending = this.totals(of(['planned', 'running', 'parked'])).source;
    return {
      verdict: this.settings.verdict ?? 'proven_with_exceptions',
      source: source + pending + left,
      loaded: inserted + updated + unchanged,
      inserted,
      updated,
      unchanged,
      quarantined,
      excluded: excluded + left,
      pending,
      findings: this.settings.verdict === 'not_proven' ? 3 : 0,
    };
  }
}
