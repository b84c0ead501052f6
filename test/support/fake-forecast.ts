/** A forecast without databases: which batches are looked at, how many at once, and which cannot be. */
import type { Forecasts } from '../../activities/dependencies';
import { CarryoverError } from '../../shared/errors';
import { NO_COUNTS } from '../../shared/forecast';
import type { ForecastPlan, ForecastRef } from '../../shared/forecast';

export interface FakeForecastSettings {
  readonly batches: number;
  /** What of the plan is to be other than usual. */
  readonly plan?: Partial<ForecastPlan>;
  /** A batch that fails for good. */
  readonly unreadable?: number;
  /** True where its stage cannot be dropped. */
  readonly sticks?: boolean;
}

/** Rows of each batch. */
export const FORECAST_ROWS = 100;

export class FakeForecast {
  readonly looked: Pick<ForecastRef, 'from' | 'to'>[] = [];
  /** Forecasts whose stage was dropped. */
  readonly ended: string[] = [];
  mostAtOnce = 0;
  private atOnce = 0;

  constructor(private readonly settings: FakeForecastSettings = { batches: 1 }) {}

  get ports(): Forecasts {
    const { batches, plan, unreadable, sticks } = this.settings;
    return {
      plan: (mapping, { batchRows, concurrency }) =>
        Promise.resolve({
          forecast: '0'.repeat(32),
          migration: mapping.name,
          batches,
          rows: batches * FORECAST_ROWS,
          batchRows,
          concurrency,
          together: false,
          basis: 'b',
          otherUnique: [],
          triggers: [],
          earlierRate: null,
          ...plan,
        }),
      batches: async (_mapping, { from, to }) => {
        this.looked.push({ from, to });
        this.atOnce += 1;
        this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
        await new Promise((resolve) => setTimeout(resolve, 50));
        this.atOnce -= 1;
        if (from === unreadable) throw new CarryoverError('SchemaChanged', 'column "x" is gone');
        const count = to - from + 1;
        const rows = count * FORECAST_ROWS;
        return {
          ...NO_COUNTS,
          batches: count,
          source: rows,
          inserted: rows - count,
          quarantined: count,
          primary: { case_unmapped: count },
          columns: { case_unmapped: { [`column ${from}`]: count } },
          causes: [`cause ${from % 2}`],
        };
      },
      end: (forecast) => {
        this.ended.push(forecast);
        return sticks === true
          ? Promise.reject(new CarryoverError('PrivilegeMissing', 'the table is of another'))
          : Promise.resolve();
      },
    };
  }
}
