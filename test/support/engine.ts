/** The engine over a pair of databases of its own, run step by step without Temporal. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Pool } from 'pg';
import type { Dependencies, Starter } from '../../activities/dependencies';
import { installSchema } from '../../database/schema/install';
import { openSource } from '../../database/source/open-source';
import type { Source } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import type { Target } from '../../database/target/session';
import { catalog } from '../../mappings/catalog';
import type { Catalog } from '../../mappings/catalog';
import type { Mapping } from '../../mappings/mapping';
import { createSample } from '../../sample/create';
import type { SampleOptions } from '../../sample/create';
import { CarryoverError } from '../../shared/errors';
import { CHECKS } from '../../shared/input';
import type { ResyncInput } from '../../shared/resync';
import type {
  BatchRef,
  ExtractResult,
  Headline,
  LoadResult,
  LookupResult,
  MigrateInput,
  Planned,
  RepairInput,
  ReplayInput,
  RunMode,
  RunPlan,
  StagedBatchRef,
  TransformResult,
  ValidateResult,
} from '../../shared/messages';
import { createPorts } from '../../worker/ports';
import type { Temporal } from '../../worker/temporal';
import { checkRun } from './closing';
import { ownPool, queryText } from './own-connections';
import type { SourceRow } from './own-connections';
import { createDatabases } from './databases';
import type { Databases } from './databases';

export interface Engine extends Databases {
  /** As the product reads and writes, by logins that may do everything. */
  readonly source: Source;
  readonly target: Target;
  /** Connections of the test's own to the target, around the product. */
  readonly pool: Pool;
  readonly ports: Dependencies;
  readonly reportsDir: string;
  /** Runs SQL of the test's own; every value of the source comes back as text. */
  onSource(sql: string, values?: readonly unknown[]): Promise<SourceRow[]>;
  onTarget<T extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  /** The same databases through other connections of the product; whoever opened them closes them. */
  as(source: Source, target: Target): Engine;
}

export interface EngineOptions {
  /** Makes the sample; without it both databases are empty but for the ledger. */
  readonly sample?: Pick<SampleOptions, 'rows' | 'seed' | 'dirty'>;
  readonly catalog?: Catalog;
  /** Another source server than the run's own. */
  readonly sourceServer?: string;
  /** What Temporal answers, where it is not that whoever owned a run before is gone. */
  readonly temporal?: Partial<Temporal>;
}

/** Without Temporal nobody else runs: whoever owned a run before is gone. */
export const NOBODY_ELSE: Temporal = {
  clusterId: () => Promise.resolve('none'),
  isRunning: () => Promise.resolve(false),
  missingSearchAttributes: () => Promise.resolve([]),
  identityOfStart: () => Promise.resolve('tester@starts'),
  identityOfUpdate: () => Promise.resolve('tester@updates'),
  cancel: () => Promise.resolve(),
};

/** Makes a pair of databases with the ledger, and the sample where it is asked for. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const databases = await createDatabases(options.sourceServer);
  const { sourceUrl, targetUrl } = databases;
  if (options.sample !== undefined) await createSample({ sourceUrl, targetUrl, ...options.sample });
  await installSchema(targetUrl);
  const source = openSource(sourceUrl);
  const target = openTarget(targetUrl);
  const pool = ownPool(targetUrl);
  const admin = await createConnection({ uri: sourceUrl, charset: 'utf8mb4', timezone: 'Z', multipleStatements: true });
  await admin.query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'");
  const reportsDir = mkdtempSync(join(tmpdir(), 'carryover-reports-'));
  const temporal = {
    ...NOBODY_ELSE,
    ...options.temporal,
  };
  const over = (from: Source, to: Target) => ({
    source: from,
    target: to,
    ports: createPorts({
      source: from,
      target: to,
      temporal,
      catalog: options.catalog ?? catalog,
      reportsDir,
      sourceUrl,
      targetUrl,
    }),
  });
  const engine: Engine = {
    ...databases,
    ...over(source, target),
    pool,
    reportsDir,
    onSource: (sql, values) => queryText(admin, sql, values),
    onTarget: async <T extends object>(sql: string, values?: readonly unknown[]) =>
      (await pool.query<T>(sql, values && [...values])).rows,
    as: (from, to) => ({ ...engine, ...over(from, to) }),
    drop: async () => {
      await Promise.allSettled([source.close(), target.end(), pool.end(), admin.end()]);
      rmSync(reportsDir, { recursive: true, force: true });
      await databases.drop();
    },
  };
  return engine;
}

const STARTER: Starter = {
  namespace: 'default',
  workflow: 'test',
  firstRun: 'first',
  currentRun: 'first',
  schedule: null,
};

/** Opens a run, or goes on with the open one; a scheduled start may be missed, a replay have nothing to do. */
export async function startRun(
  engine: Engine,
  mapping: Mapping,
  input: Omit<MigrateInput & RepairInput & ReplayInput & ResyncInput, 'migration'> & { readonly run?: string } = {},
  starter: Partial<Starter> = {},
  mode: RunMode = 'full',
): Promise<Planned> {
  const check = CHECKS[mode];
  const checked = check({ concurrency: 1, ...input, migration: mapping.name }, [mapping.name]);
  if (checked.input === null) throw new Error(checked.problems.join('; '));
  // Each run has a workflow of its own, as in Temporal.
  // Asked through the product's connection: tests count what is sent beside it.
  const { rows } = await engine.target.query<{ before: number }>(
    'start.spent',
    `SELECT count(*)::int AS before FROM carryover.runs WHERE state <> 'open'`,
  );
  const { before } = rows[0]!;
  const run = before === 0 ? STARTER.firstRun : `${STARTER.firstRun} after ${before}`;
  return engine.ports.runs.open(mapping, mode, checked.input, checked.given, {
    ...STARTER,
    firstRun: run,
    currentRun: run,
    ...starter,
  });
}

/** As {@link startRun}, where it opens a run or goes on with one; another `currentRun` takes it over. */
export async function openRun(...given: Parameters<typeof startRun>): Promise<RunPlan> {
  const planned = await startRun(...given);
  if ('run' in planned) return planned;
  throw new Error(`the start came to nothing: ${JSON.stringify(planned)}`);
}

export const refOf = (plan: RunPlan, batch: number): BatchRef => ({
  run: plan.run,
  migration: plan.migration,
  epoch: plan.epoch,
  batch,
});

/** What a person's retryBatch does in the ledger. */
export const retryBatches = (engine: Engine, plan: RunPlan, batches: readonly number[]): Promise<void> =>
  engine.ports.runs.decide(
    { run: plan.run, migration: plan.migration, epoch: plan.epoch, verb: 'retryBatch', update: randomUUID(), batches },
    { workflow: STARTER.workflow, workflowRun: STARTER.currentRun },
  );

/** No step is cancelled. */
export const never = (): AbortSignal => new AbortController().signal;

export interface Staged {
  readonly ref: StagedBatchRef;
  readonly extract: ExtractResult;
  readonly mapCases: LookupResult;
  readonly mapActors: LookupResult;
  readonly transform: TransformResult;
}

/** Takes a batch up to its load. */
export async function stageBatch({ ports: { steps } }: Engine, mapping: Mapping, batch: BatchRef): Promise<Staged> {
  const extract = await steps.extract(mapping, batch, never());
  const ref = { ...batch, stage: extract.stage };
  const mapCases = await steps.mapCases(mapping, ref, never());
  const mapActors = await steps.mapActors(mapping, ref, never());
  const transform = await steps.transform(mapping, ref, never());
  return { ref, extract, mapCases, mapActors, transform };
}

export interface Loaded extends Staged {
  readonly load: LoadResult;
}

/** Takes a batch up to and with its load. */
export async function loadBatch(engine: Engine, mapping: Mapping, batch: BatchRef): Promise<Loaded> {
  const staged = await stageBatch(engine, mapping, batch);
  return { ...staged, load: await engine.ports.steps.load(mapping, staged.ref, never()) };
}

export interface Carried extends Loaded {
  readonly validate: ValidateResult;
}

/** Takes a batch through its six steps. */
export async function carryBatch(engine: Engine, mapping: Mapping, batch: BatchRef): Promise<Carried> {
  const loaded = await loadBatch(engine, mapping, batch);
  return { ...loaded, validate: await engine.ports.steps.validate(mapping, batch, never()) };
}

/** Cuts all batches of a run; returns the rows that the source counted for each. */
export async function cutAll(engine: Engine, mapping: Mapping, plan: RunPlan): Promise<number[]> {
  const rows: number[] = [];
  for (;;) {
    const cut = await engine.ports.runs.cut(mapping, refOf(plan, rows.length + 1));
    if (cut.end) return rows;
    rows.push(cut.rows);
  }
}

export interface Migrated {
  readonly plan: RunPlan;
  readonly batches: readonly Carried[];
  readonly headline: Headline;
}

/** A whole run: every batch through its six steps, then the checks and the verdict. */
export async function migrate(engine: Engine, mapping: Mapping, batchRows = 50_000): Promise<Migrated> {
  const plan = await openRun(engine, mapping, { batchRows });
  await cutAll(engine, mapping, plan);
  return carryRun(engine, mapping, plan);
}

/** A whole run of the keys that the latest verification found wrong, as {@link migrate} does. */
export async function repair(
  engine: Engine,
  mapping: Mapping,
  input: Omit<RepairInput, 'migration'> = {},
): Promise<Migrated> {
  return carryRun(engine, mapping, await openRun(engine, mapping, input, {}, 'repair'));
}

/** The same of rows in quarantine. */
export async function replay(
  engine: Engine,
  mapping: Mapping,
  input: Omit<ReplayInput, 'migration'> = {},
): Promise<Migrated> {
  return carryRun(engine, mapping, await openRun(engine, mapping, input, {}, 'replay'));
}

/** Takes the batches of a run that are cut, and ends it. @param proof a comparison that stands for the verification */
export async function carryRun(engine: Engine, mapping: Mapping, plan: RunPlan, proof?: string): Promise<Migrated> {
  const { nextBatch } = await engine.ports.runs.remaining(plan.run, plan.epoch, 1);
  const batches: Carried[] = [];
  for (let batch = 1; batch < nextBatch; batch += 1) {
    batches.push(await carryBatch(engine, mapping, refOf(plan, batch)));
  }
  await checkRun(engine, mapping, plan, proof);
  await engine.ports.runs.draft(mapping, plan.run, plan.epoch);
  return { plan, batches, headline: await engine.ports.runs.finish(plan.run, plan.epoch) };
}

/** Adds up a field over results. */
export const sum = <T>(list: readonly T[], of: (item: T) => number): number =>
  list.reduce((total, item) => total + of(item), 0);

/** What a promise of ours rejects with; fails where it does not. */
export async function refusal(promise: Promise<unknown>): Promise<CarryoverError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof CarryoverError) return outcome.error;
  throw new Error(`expected a CarryoverError, got ${JSON.stringify(outcome)}`);
}

/** Waits until a condition holds. */
export async function eventually(what: string, holds: () => Promise<boolean>, patience = 30_000): Promise<void> {
  const end = Date.now() + patience;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what} did not come about within ${patience / 1000} s`);
    await sleep(50);
  }
}
