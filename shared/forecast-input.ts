/** Checks the one JSON object that starts a forecast: all problems at once. */
import { checkNumber } from './fields';
import type { FullForecastInput } from './forecast';
import { BATCH_ROWS, CONCURRENCY, DEFAULT_BATCH_ROWS, DEFAULT_CONCURRENCY } from './input';

const FIELDS = ['migration', 'batchRows', 'concurrency'];

const EXAMPLE = '{"migration": "case-states", "batchRows": 50000}';

/** @param known names of the migrations that there are */
export function checkForecastInput(
  given: unknown,
  known: readonly string[],
): { readonly input: FullForecastInput | null; readonly problems: readonly string[] } {
  const list = known.join(', ');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const problem = `the input must be one JSON object, such as ${EXAMPLE}; known migrations: ${list}`;
    return { input: null, problems: [problem] };
  }
  const fields = given as Record<string, unknown>;
  const problems = Object.keys(fields)
    .filter((name) => !FIELDS.includes(name))
    .map((name) => `unknown field ${JSON.stringify(name.slice(0, 60))}; the fields are ${FIELDS.join(', ')}`);
  const { migration } = fields;
  if (migration === undefined) problems.push(`"migration" is missing; known migrations: ${list}`);
  else if (typeof migration !== 'string' || !known.includes(migration)) {
    const name = JSON.stringify(migration)?.slice(0, 60);
    problems.push(`there is no migration ${name}; known migrations: ${list}`);
  }
  const number = (name: 'batchRows' | 'concurrency', fallback: number, range: { low: number; high: number }): number =>
    checkNumber(name, fields[name], fallback, { ...range, whole: true }, problems);
  const batchRows = number('batchRows', DEFAULT_BATCH_ROWS, BATCH_ROWS);
  const concurrency = number('concurrency', DEFAULT_CONCURRENCY, CONCURRENCY);
  if (problems.length > 0) return { input: null, problems };
  return { input: { migration: migration as string, batchRows, concurrency }, problems: [] };
}
