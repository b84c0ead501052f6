/** Checks the one JSON object that starts a forecast: all problems at once. */
import { checkNumber } from './fields';
import type { FullForecastInput } from './forecast';
import { BATCH_ROWS, CONCURRENCY, DEFAULT_BATCH_ROWS, DEFAULT_CONCURRENCY } from './input';
import { readMigrationFields } from './input-object';
import type { Checked } from './input-object';

const FIELDS = ['migration', 'batchRows', 'concurrency'];

const EXAMPLE = '{"migration": "case-states", "batchRows": 50000}';

/** @param known names of the migrations that there are */
export function checkForecastInput(given: unknown, known: readonly string[]): Checked<FullForecastInput> {
  const { fields, problems } = readMigrationFields(given, FIELDS, EXAMPLE, known);
  if (fields === null) return { input: null, problems };
  const number = (name: 'batchRows' | 'concurrency', fallback: number, range: { low: number; high: number }): number =>
    checkNumber(name, fields[name], fallback, { ...range, whole: true }, problems);
  const batchRows = number('batchRows', DEFAULT_BATCH_ROWS, BATCH_ROWS);
  const concurrency = number('concurrency', DEFAULT_CONCURRENCY, CONCURRENCY);
  if (problems.length > 0) return { input: null, problems };
  return { input: { migration: fields.migration as string, batchRows, concurrency }, problems: [] };
}
