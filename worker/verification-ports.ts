/** Fills the port of verification from `database/`: nothing but wiring. */
import type { Verifications } from '../activities/dependencies';
import { sourceIdentity, targetIdentity } from '../database/identity';
import { finishVerification } from '../database/ledger/finish-verification';
import { planVerification, readUnverified } from '../database/ledger/verifications';
import type { Source } from '../database/source/open-source';
import type { Target } from '../database/target/session';
import { checksOf, runCheck } from '../database/verify/checks';
import { comparesAlike } from '../database/verify/range';
import { verifyRange } from '../database/verify/verify-range';
import { fingerprint } from '../mappings/fingerprint';
import { handsOf } from './hands';
import type { Timed } from './timed';

export interface VerificationParts {
  readonly source: Source;
  readonly target: Target;
}

export const createVerifications = ({ source, target }: VerificationParts, timed: Timed): Verifications => ({
  plan: async (mapping, input, starter) => {
    const [from, to] = await Promise.all([sourceIdentity(source), targetIdentity(target)]);
    const planned = await planVerification(target, {
      migration: mapping.name,
      final: input.final,
      fingerprint: fingerprint(mapping),
      sourceIdentity: from,
      targetIdentity: to,
      ...starter,
      cuts: comparesAlike(mapping),
      checks: checksOf(mapping),
    });
    return { ...planned, concurrency: input.concurrency };
  },
  unverified: (verification) => readUnverified(target, verification),
  range: async (mapping, ref, signal) =>
    verifyRange(target, source, await timed(mapping), await handsOf(mapping, source), ref, signal),
  check: async (mapping, ref, signal) =>
    runCheck(target, await timed(mapping), await handsOf(mapping, source), ref, signal),
  finish: (verification) => finishVerification(target, verification),
});
