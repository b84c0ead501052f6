/** Checks the one JSON object that starts a run: all problems at once, in words that help whoever typed it. */
import type { MigrateInput } from './messages';

export const DEFAULT_BATCH_ROWS = 50_000;
export const DEFAULT_CONCURRENCY = 2;

/** Rows: fewer make the ledger the work, more make a retry dear. */
const BATCH_ROWS = { low: 1, high: 1_000_000 };
/** Batches in flight: each takes a connection of either server. */
const CONCURRENCY = { low: 1, high: 8 };

const FIELDS = ['migration', 'batchRows', 'concurrency'];

export const EXAMPLE = '{"migration": "case-states"}';

export interface CheckedInput {
  readonly input: Required<MigrateInput> | null;
  readonly problems: readonly string[];
}

/** @param known names of the migrations that can run */
export function checkMigrateInput(given: unknown, known: readonly string[]): CheckedInput {
  const list = known.join(', ');
  if (given === undefined || given === null) {
    return {
      input: null,
      problems: [`no input was given; it is one JSON object, such as ${EXAMPLE}; known migrations: ${list}`],
    };
  }
  if (typeof given !== 'object' || Array.isArray(given)) {
    const found = Array.isArray(given) ? 'a list' : `a ${typeof given}`;
    return {
      input: null,
      problems: [`the input is ${found}; it must be one JSON object, such as ${EXAMPLE}; known migrations: ${list}`],
    };
  }
  const fields = given as Record<string, unknown>;
  const problems: string[] = [];
  for (const name of Object.keys(fields)) {
    if (!FIELDS.includes(name))
      problems.push(`unknown field ${JSON.stringify(name)}; the fields are ${FIELDS.join(', ')}`);
  }
  const { migration } = fields;
  if (migration === undefined) problems.push(`"migration" is missing; known migrations: ${list}`);
  else if (typeof migration !== 'string') problems.push(`"migration" must be a text; known migrations: ${list}`);
  else if (!known.includes(migration))
    problems.push(`there is no migration ${JSON.stringify(migration.slice(0, 60))}; known migrations: ${list}`);
  const batchRows = checkNumber('batchRows', fields.batchRows, DEFAULT_BATCH_ROWS, BATCH_ROWS, problems);
  const concurrency = checkNumber('concurrency', fields.concurrency, DEFAULT_CONCURRENCY, CONCURRENCY, problems);
  if (problems.length > 0) return { input: null, problems };
  return { input: { migration: migration as string, batchRows, concurrency }, problems: [] };
}

function checkNumber(
  name: string,
  given: unknown,
  fallback: number,
  range: { low: number; high: number },
  problems: string[],
): number {
  if (given === undefined || given === null) return fallback;
  if (typeof given === 'number' && Number.isInteger(given) && given >= range.low && given <= range.high) return given;
  const found = typeof given === 'number' ? String(given) : `a ${typeof given}`;
  problems.push(`"${name}" must be a whole number from ${range.low} to ${range.high}, and is ${found}`);
  return fallback;
}
