/** A verification over the engine, step by step without Temporal; and what it wrote down. */
import { randomUUID } from 'node:crypto';
import type { Mapping } from '../../mappings/mapping';
import type { FindingKind } from '../../shared/findings';
import type { KeySpan, VerifyResult } from '../../shared/verification';
import { never } from './engine';
import type { Engine } from './engine';

export interface Finding {
  readonly kind: FindingKind;
  readonly key: string | null;
  readonly columns: readonly string[];
}

/** What came out, without what is read beside the product's connections. */
export interface Ended extends VerifyResult {
  /** Faults of the checks that found any, by their name. */
  readonly faults: Readonly<Record<string, number>>;
  /** Rows that crossed the wire. */
  readonly read: number;
}

export interface Verified extends Ended {
  readonly findings: readonly Finding[];
}

export interface Started {
  readonly verification: string;
  /** Looks at every range, then at what no range can see. */
  look(): Promise<void>;
  /** The same, as the workflow does: what cannot be looked at stays not verified. */
  tryAll(): Promise<void>;
  finish(): Promise<Ended>;
}

/** @param workflowRun run of the workflow that asks; another one each time unless given */
export async function startVerification(
  engine: Engine,
  mapping: Mapping,
  final = false,
  workflowRun: string = randomUUID(),
  range: KeySpan | null = null,
): Promise<Started> {
  const { verifications } = engine.ports;
  const starter = { workflow: 'verifies', workflowRun };
  const input = { migration: mapping.name, final, concurrency: 1, range };
  const { verification, migration } = await verifications.plan(mapping, input, starter);
  const faults: Record<string, number> = {};
  let read = 0;
  const lookAt = async (attempt: (look: () => Promise<void>) => Promise<void>): Promise<void> => {
    const { ranges, checks } = await verifications.unverified(verification);
    for (const range of ranges) {
      await attempt(async () => {
        read += (await verifications.range(mapping, { verification, migration, range }, never())).read;
      });
    }
    for (const check of checks) {
      await attempt(async () => {
        const { found } = await verifications.check(mapping, { verification, migration, check }, never());
        if (found > 0) faults[check] = found;
      });
    }
  };
  return {
    verification,
    look: () => lookAt((look) => look()),
    tryAll: () => lookAt((look) => look().catch(() => undefined)),
    finish: async () => ({ ...(await verifications.finish(verification)), faults, read }),
  };
}

/** A whole verification, from its plan to its verdict, through the product's connections alone. */
export async function verifyAll(
  engine: Engine,
  mapping: Mapping,
  final = false,
  range: KeySpan | null = null,
): Promise<Ended> {
  const started = await startVerification(engine, mapping, final, randomUUID(), range);
  await started.look();
  return started.finish();
}

/** The same, with what was found. */
export async function verify(
  engine: Engine,
  mapping: Mapping,
  final = false,
  range: KeySpan | null = null,
): Promise<Verified> {
  const ended = await verifyAll(engine, mapping, final, range);
  const findings = await engine.onTarget<Finding>(
    `SELECT kind, legacy_key AS key, coalesce(columns, '{}') AS columns FROM carryover.findings
     WHERE verification_id = $1 ORDER BY finding_id`,
    [ended.verification],
  );
  return { ...ended, findings };
}
