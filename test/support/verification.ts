/** A verification over the engine, step by step without Temporal; and what it wrote down. */
import { randomUUID } from 'node:crypto';
import type { Mapping } from '../../mappings/mapping';
import type { FindingKind } from '../../shared/findings';
import type { VerifyResult } from '../../shared/verification';
import { never } from './engine';
import type { Engine } from './engine';

export interface Finding {
  readonly kind: FindingKind;
  readonly key: string | null;
  readonly columns: readonly string[];
}

export interface Verified extends VerifyResult {
  readonly findings: readonly Finding[];
  /** Faults of the checks that found any, by their name. */
  readonly faults: Readonly<Record<string, number>>;
  /** Rows that crossed the wire. */
  readonly read: number;
}

/** A whole verification, from its plan to its verdict, through the product's connections alone. */
export async function verifyAll(engine: Engine, mapping: Mapping, final = false): Promise<Omit<Verified, 'findings'>> {
  const { verifications } = engine.ports;
  const starter = { workflow: 'verifies', firstRun: randomUUID() };
  const input = { migration: mapping.name, final, concurrency: 1 };
  const { verification, migration } = await verifications.plan(mapping, input, starter);
  const { ranges, checks } = await verifications.unverified(verification);
  let read = 0;
  for (const range of ranges) {
    read += (await verifications.range(mapping, { verification, migration, range }, never())).read;
  }
  const faults: Record<string, number> = {};
  for (const check of checks) {
    const { found } = await verifications.check(mapping, { verification, migration, check }, never());
    if (found > 0) faults[check] = found;
  }
  return { ...(await verifications.finish(verification)), faults, read };
}

/** The same, with what was found. */
export async function verify(engine: Engine, mapping: Mapping, final = false): Promise<Verified> {
  const result = await verifyAll(engine, mapping, final);
  const findings = await engine.onTarget<Finding>(
    `SELECT kind, legacy_key AS key, coalesce(columns, '{}') AS columns FROM carryover.findings
     WHERE verification_id = $1 ORDER BY finding_id`,
    [result.verification],
  );
  return { ...result, findings };
}
