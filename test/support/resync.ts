/** A re-sync over the engine, step by step without Temporal. */
import type { Mapping } from '../../mappings/mapping';
import type { Headline, RunPlan } from '../../shared/messages';
import { COMPARING_CHECKS } from '../../shared/resync';
import type { ResyncInput, TakenResult } from '../../shared/resync';
import { checkRun } from './closing';
import { carryRun, never, openRun, refOf } from './engine';
import type { Engine, Migrated } from './engine';

export interface Resynced extends Migrated {
  readonly taken: TakenResult;
  /** Rows that crossed the wire for the comparison, as key and hashes. */
  readonly read: number;
}

/** A whole re-sync: compares, takes what was found, and verifies, as the workflow does. */
export async function resync(
  engine: Engine,
  mapping: Mapping,
  input: Omit<ResyncInput, 'migration'> = {},
): Promise<Resynced> {
  const plan = await openRun(engine, mapping, input, {}, 'changed');
  const { taken, read, verification } = await compareRun(engine, mapping, plan);
  if (taken.brake !== null) throw new Error(taken.brake);
  return { ...(await carryRun(engine, mapping, plan, taken.keys === 0 ? verification : undefined)), taken, read };
}

/** Compares source and target for a re-sync, and has what was found cut into batches. */
export async function compareRun(
  engine: Engine,
  mapping: Mapping,
  { run, migration, epoch }: RunPlan,
): Promise<{ readonly taken: TakenResult; readonly read: number; readonly verification: string }> {
  const { verifications } = engine.ports;
  const { verification } = await verifications.planComparison(
    mapping,
    { run, migration, epoch, concurrency: 1 },
    'test',
  );
  const { ranges, checks } = await verifications.unverified(verification);
  let read = 0;
  for (const range of ranges) {
    read += (await verifications.range(mapping, { verification, migration, range }, never())).read;
  }
  for (const check of checks.filter((name) => COMPARING_CHECKS.includes(name))) {
    await verifications.check(mapping, { verification, migration, check }, never());
  }
  return { taken: await verifications.take(mapping, { run, migration, epoch, verification }), read, verification };
}

/** A whole undo, as the workflow does it. */
export async function undo(
  engine: Engine,
  mapping: Mapping,
  run: string,
): Promise<{ plan: RunPlan; headline: Headline }> {
  const plan = await openRun(engine, mapping, { run }, {}, 'undo');
  const { nextBatch } = await engine.ports.runs.remaining(plan.run, plan.epoch, 1);
  for (let batch = 1; batch < nextBatch; batch += 1) {
    await engine.ports.steps.undo(mapping, refOf(plan, batch), never());
  }
  await checkRun(engine, mapping, plan);
  await engine.ports.runs.draft(mapping, plan.run, plan.epoch);
  return { plan, headline: await engine.ports.runs.finish(plan.run, plan.epoch) };
}
