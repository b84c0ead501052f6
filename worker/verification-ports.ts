/** Fills the port of verification from `database/`: nothing but wiring. */
import type { Verifications } from '../activities/dependencies';
import { sourceIdentity, targetIdentity } from '../database/identity';
import { acceptFindings } from '../database/ledger/accept-findings';
import { finishVerification } from '../database/ledger/finish-verification';
import { takeFound } from '../database/ledger/resync';
import { planVerification, readUnverified } from '../database/ledger/verifications';
import type { NewVerification } from '../database/ledger/verifications';
import type { Source } from '../database/source/open-source';
import type { Target } from '../database/target/session';
import { checksOf, runCheck } from '../database/verify/checks';
import { comparesAlike, rangeOfSpan } from '../database/verify/range';
import { bindingOf } from '../database/verify/source-rows';
import { verifyRange } from '../database/verify/verify-range';
import { fingerprint } from '../mappings/fingerprint';
import type { Mapping } from '../mappings/mapping';
import { handsOf } from './hands';
import type { Temporal } from './temporal';
import type { Timed } from './timed';

export interface VerificationParts {
  readonly source: Source;
  readonly target: Target;
  readonly temporal: Pick<Temporal, 'identityOfStart'>;
}

export function createVerifications({ source, target, temporal }: VerificationParts, timed: Timed): Verifications {
  const wantedOf = async (
    mapping: Mapping,
    partial = false,
  ): Promise<Omit<NewVerification, 'workflow' | 'workflowRun' | 'final'>> => {
    const [sourceNow, targetNow, binding] = await Promise.all([
      sourceIdentity(source),
      targetIdentity(target),
      bindingOf(source),
    ]);
    return {
      migration: mapping.name,
      fingerprint: fingerprint(mapping),
      sourceIdentity: sourceNow,
      targetIdentity: targetNow,
      cuts: comparesAlike(mapping),
      checks: checksOf(mapping, binding, partial),
    };
  };
  return {
    plan: async (mapping, input, starter) => {
      const { final, range } = input;
      const only = range && { only: rangeOfSpan(mapping, range) };
      const wanted = { ...(await wantedOf(mapping, range !== null)), ...starter, ...only, final };
      const planned = await planVerification(target, wanted);
      return { ...planned, concurrency: input.concurrency };
    },
    planComparison: async (mapping, { run, epoch, concurrency }, workflow) => {
      const planned = await planVerification(target, {
        ...(await wantedOf(mapping)),
        workflow,
        // Whoever goes on with the run goes on with its comparison.
        workflowRun: `comparison of run ${run}`,
        final: false,
        closing: { run, epoch },
      });
      return { ...planned, concurrency };
    },
    take: (mapping, ref) => takeFound(target, mapping, ref),
    planClosing: async (mapping, { run, epoch, round, concurrency }, { workflow, workflowRun }) => {
      const planned = await planVerification(target, {
        ...(await wantedOf(mapping)),
        workflow,
        workflowRun: `${workflowRun} ${round}`,
        // Whether writes to the source are frozen, a run does not know.
        final: false,
        closing: { run, epoch },
      });
      return { ...planned, concurrency };
    },
    unverified: (verification) => readUnverified(target, verification),
    range: async (mapping, ref, signal) =>
      verifyRange(target, source, await timed(mapping), await handsOf(mapping, source), ref, signal),
    check: async (mapping, ref, signal) =>
      runCheck(target, await timed(mapping), await handsOf(mapping, source), ref, signal),
    finish: (verification) => finishVerification(target, verification),
    accept: async (input, { workflow, workflowRun }) => {
      const who = await temporal.identityOfStart(workflow, workflowRun);
      return acceptFindings(target, input, { workflow, workflowRun, who });
    },
  };
}
