/** What a verification has left to look at: ranges through a bounded window, then what no range can see. */
import type { Unverified, VerifyPlan } from '../shared/verification';
import { verification as activities } from './activity-proxies';

/** Checks that are looked at at once: each reads whole tables. */
const CHECKS_AT_ONCE = 2;

export interface Looks {
  /** Asks what is left, or looks at a range or a check; what becomes of what cannot be looked at is decided here. */
  readonly attempt: (what: string, look: () => Promise<unknown>) => Promise<void>;
  /** Told how much is left, of how much that was left at the beginning. */
  readonly tell: (left: number, of: number) => void;
  /** True where no further one is to begin. */
  readonly isOver: () => boolean;
}

/**
 * Looks at all that the ledger holds as not verified, or stops between two looks where it is over.
 *
 * @param isWanted false for checks that are not to be looked at yet
 */
export async function lookOver(
  { verification, migration, concurrency }: VerifyPlan,
  { attempt, tell, isOver }: Looks,
  isWanted: (check: string) => boolean = () => true,
): Promise<void> {
  let found: Unverified = { ranges: [], checks: [] };
  await attempt('what is left', async () => {
    found = await activities.unverified({ verification });
  });
  const { ranges } = found;
  const checks = found.checks.filter(isWanted);
  const all = ranges.length + checks.length;
  let left = all;
  tell(left, all);
  const through = async <T>(items: readonly T[], atOnce: number, look: (item: T) => Promise<void>): Promise<void> => {
    const waiting = [...items];
    let failure: { readonly error: unknown } | undefined;
    const work = async (): Promise<void> => {
      while (failure === undefined && !isOver()) {
        const item = waiting.shift();
        if (item === undefined) return;
        try {
          await look(item);
        } catch (error) {
          failure ??= { error };
          return;
        }
        left -= 1;
        tell(left, all);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    // Not before all have ended: whoever goes on from here finds none of them at work.
    if (failure !== undefined) throw failure.error;
  };
  await through(ranges, concurrency, (range) =>
    attempt(`range ${range}`, () =>
      activities.verifyRange.executeWithOptions({ summary: `${migration}: range ${range}` }, [
        { verification, migration, range },
      ]),
    ),
  );
  // After the ranges: they ask what these have found.
  await through(checks, CHECKS_AT_ONCE, (check) =>
    attempt(`check ${check}`, () =>
      activities.verifyCheck.executeWithOptions({ summary: `${migration}: check ${check}` }, [
        { verification, migration, check },
      ]),
    ),
  );
}
