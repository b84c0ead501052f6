/** The verification that a run ends with, step by step without Temporal. */
import { randomUUID } from 'node:crypto';
import type { Dependencies } from '../../activities/dependencies';
import type { Mapping } from '../../mappings/mapping';
import type { RunPlan } from '../../shared/messages';

/**
 * Looks at all ranges and checks, and stores what was found as the checks of the run.
 *
 * @param proof a comparison that stands for the verification
 */
export async function checkRun(
  { ports: { verifications, runs } }: { readonly ports: Pick<Dependencies, 'verifications' | 'runs'> },
  mapping: Mapping,
  { run, migration, epoch }: Pick<RunPlan, 'run' | 'migration' | 'epoch'>,
  proof?: string,
): Promise<void> {
  const { signal } = new AbortController();
  const plan = async (): Promise<string> => {
    const request = { run, migration, epoch, concurrency: 1, round: 1 };
    return (await verifications.planClosing(mapping, request, { workflow: 'test', workflowRun: randomUUID() }))
      .verification;
  };
  const verification = proof ?? (await plan());
  const { ranges, checks } = await verifications.unverified(verification);
  for (const range of ranges) await verifications.range(mapping, { verification, migration, range }, signal);
  for (const check of checks) await verifications.check(mapping, { verification, migration, check }, signal);
  await runs.check({ run, migration, epoch, verification });
}
