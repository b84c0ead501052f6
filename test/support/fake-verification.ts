/** A ledger of a verification without databases: which ranges and checks are looked at, and which cannot be. */
import type { Verifications } from '../../activities/dependencies';
import { CarryoverError } from '../../shared/errors';
import type { TakenResult } from '../../shared/resync';
import type { ClosingRequest } from '../../shared/verification';
import { verifiedVerdict } from '../../shared/verdict';

export interface FakeVerificationSettings {
  readonly ranges: number;
  readonly checks: readonly string[];
  /** Rows that each range tells of as defects. */
  readonly defects?: number;
  /** Ranges and checks that fail for good. */
  readonly unreadable?: readonly (number | string)[];
}

export class FakeVerification {
  readonly looked: (number | string)[] = [];
  /** What was asked for as the end of a run, in order. */
  readonly closings: ClosingRequest[] = [];
  /** Ranges and checks that fail for good, as long as they are in here. */
  readonly unreadable: Set<number | string>;
  /** Most ranges that were looked at at once. */
  mostAtOnce = 0;
  private readonly verified = new Set<number | string>();
  private atOnce = 0;

  constructor(private readonly settings: FakeVerificationSettings = { ranges: 1, checks: [] }) {
    this.unreadable = new Set(settings.unreadable);
  }

  /** What a comparison leaves to do; a test says otherwise. */
  taken: () => Promise<TakenResult> = () =>
    Promise.resolve({ brake: null, keys: 0, held: 0, gone: 0, loaded: this.settings.ranges * 100 });

  private async look(what: number | string): Promise<void> {
    this.looked.push(what);
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.atOnce -= 1;
    if (this.unreadable.has(what)) throw new CarryoverError('SchemaChanged', 'column "x" is gone');
    this.verified.add(what);
  }

  private left<T extends number | string>(all: readonly T[]): T[] {
    return all.filter((each) => !this.verified.has(each));
  }

  get ports(): Verifications {
    const { ranges, checks, defects = 0 } = this.settings;
    const numbers = Array.from({ length: ranges }, (_, index) => index + 1);
    return {
      plan: (mapping, { concurrency }) =>
        Promise.resolve({ verification: '3', migration: mapping.name, concurrency, ranges }),
      planComparison: (mapping, { concurrency }) => {
        this.verified.clear();
        return Promise.resolve({ verification: '2', migration: mapping.name, concurrency, ranges });
      },
      take: () => this.taken(),
      planClosing: (mapping, request) => {
        this.closings.push(request);
        this.verified.clear();
        const { concurrency } = request;
        return Promise.resolve({ verification: '3', migration: mapping.name, concurrency, ranges });
      },
      unverified: () =>
        this.unreadable.has('what is left')
          ? Promise.reject(new CarryoverError('SchemaChanged', 'the ledger is not as it was'))
          : Promise.resolve({ ranges: this.left(numbers), checks: this.left(checks) }),
      range: async (_mapping, { range }) => {
        await this.look(range);
        return { rows: 100, read: 0 };
      },
      check: async (_mapping, { check }) => {
        await this.look(check);
        return { name: check, compared: 100, found: 0 };
      },
      accept: ({ verification }) => Promise.resolve(`1 of verification ${verification} is accepted`),
      finish: (verification) => {
        const figures = {
          source: ranges * 100,
          loaded: ranges * 100,
          quarantined: 0,
          excluded: 0,
          pending: 0,
          defects,
          accepted: 0,
          moved: 0,
          notVerified: this.left(numbers).length + this.left(checks).length,
        };
        const verdict = verifiedVerdict({
          ...figures,
          looked: ranges + checks.length,
          complete: true,
          leftOut: false,
          final: false,
        });
        return Promise.resolve({ verification, migration: 'case-states', verdict, ...figures });
      },
    };
  }
}
