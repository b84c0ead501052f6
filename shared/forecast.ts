/** What crosses the wire of a forecast: numbers of batches, counts, reason codes and names of columns, never a key or a value. */

/** The one JSON object that starts `forecast`. */
export interface ForecastInput {
  /** Name of a mapping in the catalogue, e.g. `case-states`. */
  readonly migration: string;
  /** Rows of a batch, as the run will be given them: 50,000 unless given. */
  readonly batchRows?: number;
  /** Batches that are looked at at once, 1 to 8: the load that is put on both servers; 2 unless given. */
  readonly concurrency?: number;
}

/** An input with every default filled in. */
export type FullForecastInput = Required<ForecastInput>;

/** A forecast whose batches are cut; their bounds stay in its stage. */
export interface ForecastPlan {
  /** Names its stage. */
  readonly forecast: string;
  readonly migration: string;
  readonly batches: number;
  /** Rows of the source as they were cut. */
  readonly rows: number;
  readonly batchRows: number;
  readonly concurrency: number;
  /** Batches are looked at one after the other within one transaction: rows of one point to rows of another. */
  readonly together: boolean;
  /** Hash of the mapping and the source that it was planned with. */
  readonly basis: string;
  /** Unique indexes and exclusion constraints of the target beside those of id and legacy key. */
  readonly otherUnique: readonly string[];
  /** Triggers of the target, which run and are rolled back. */
  readonly triggers: readonly string[];
  /** Rows per second of the latest full run that finished; null where there is none. */
  readonly earlierRate: number | null;
}

/** Batches of a forecast, both included. */
export interface ForecastRef {
  readonly forecast: string;
  readonly migration: string;
  readonly basis: string;
  readonly from: number;
  readonly to: number;
}

/** Rows by name. */
export type Tally = Readonly<Record<string, number>>;

/** What would become of the rows of some batches. `source` is the sum of the six after it, as a run's balance is. */
export interface ForecastCounts {
  readonly batches: number;
  readonly source: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly excluded: number;
  /** Rows of batches that the run would park, since the target refuses more of them than may be isolated. */
  readonly parked: number;
  readonly parkedBatches: number;
  /** Of the unchanged: rows that another writer changed, and rows that somebody deleted; both are findings of the run. */
  readonly changedInTarget: number;
  readonly deletedInTarget: number;
  /** Quarantined rows by their primary reason, and by every reason that applies. */
  readonly primary: Tally;
  readonly reasons: Tally;
  /** By reason and column; of `constraint_rejected` the constraint, or the SQLSTATE, stands for a column. */
  readonly columns: Readonly<Record<string, Tally>>;
  /** Rows refused by a unique index, by its name: part of `constraint_rejected`. */
  readonly duplicates: Tally;
  /** By reference: outcomes of its lookup, over all rows for cases, over the loaded ones for actors. */
  readonly references: Readonly<Record<string, Tally>>;
  /** Loaded rows by column: clocks that were twice, where the mapping chooses one. */
  readonly folds: Tally;
  /** Loaded rows by column: codes that the mapping does not list, where it puts a value in their place. */
  readonly unknownCodes: Tally;
  /** Why batches would be parked, each once. */
  readonly causes: readonly string[];
}

/** The result of a `forecast` workflow. */
export interface ForecastResult {
  readonly migration: string;
  readonly batchRows: number;
  readonly counts: ForecastCounts;
  /** Why a run would pause by itself with the brakes that it has unless told otherwise; null where it would not. */
  readonly brake: string | null;
  /** Unique indexes that could refuse a row for one of another batch, which a forecast does not see. */
  readonly unseenUnique: readonly string[];
  readonly triggers: readonly string[];
  /** True where all batches were looked at in one transaction. */
  readonly together: boolean;
  readonly seconds: number;
  /** Rows per second of this forecast, and of the latest full run that finished. */
  readonly rate: number;
  readonly earlierRate: number | null;
}

/** Answer of the query `status` of a `forecast` workflow. */
export interface ForecastProgress {
  readonly migration: string | null;
  readonly batches: number;
  readonly batchesDone: number;
  readonly rows: number;
  readonly rowsDone: number;
}

export const NO_COUNTS: ForecastCounts = {
  batches: 0,
  source: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  quarantined: 0,
  excluded: 0,
  parked: 0,
  parkedBatches: 0,
  changedInTarget: 0,
  deletedInTarget: 0,
  primary: {},
  reasons: {},
  columns: {},
  duplicates: {},
  references: {},
  folds: {},
  unknownCodes: {},
  causes: [],
};

/** Causes that are kept: the first of them say what is wrong. */
const CAUSES = 5;

type Counted = number | readonly string[] | { readonly [name: string]: Counted };

/** Adds up two countings, name by name. */
export function addCounts(one: ForecastCounts, other: ForecastCounts): ForecastCounts {
  return add(one as unknown as Counted, other as unknown as Counted) as unknown as ForecastCounts;
}

function add(one: Counted | undefined, other: Counted | undefined): Counted {
  if (one === undefined) return other!;
  if (other === undefined) return one;
  if (typeof one === 'number') return one + (other as number);
  if (isList(one)) return [...new Set([...one, ...(other as readonly string[])])].slice(0, CAUSES);
  const [left, right] = [one, other as { readonly [name: string]: Counted }];
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return Object.fromEntries(names.map((name) => [name, add(left[name], right[name])]));
}

const isList = (counted: Counted): counted is readonly string[] => Array.isArray(counted);
