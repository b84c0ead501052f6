/** Checks the one JSON object that starts a verification: all problems at once. */
import { checkNumber } from './fields';
import { CONCURRENCY, DEFAULT_CONCURRENCY } from './input';
import type { FullVerifyInput, KeySpan } from './verification';

const FIELDS = ['migration', 'final', 'concurrency', 'range'];

const EXAMPLE = '{"migration": "case-states", "final": true}';

const PARTS = '-?\\d{1,40}(?:,-?\\d{1,40})*';
const RANGE = new RegExp(`^(${PARTS})?\\.\\.(${PARTS})?$`);

/** Reads `from..to`; at least one end must be given. */
function readRange(given: unknown, problems: string[]): KeySpan | null {
  if (given === undefined || given === null) return null;
  const found = typeof given === 'string' ? RANGE.exec(given.replaceAll(' ', '')) : null;
  const [, from, to] = found ?? [];
  if (from === undefined && to === undefined) {
    problems.push(
      '"range" must be keys from and to, such as "100..200", "100.." or, of a key of two parts, "7,1..7,99"',
    );
    return null;
  }
  return { from: from?.split(',') ?? null, to: to?.split(',') ?? null };
}

/** @param known names of the migrations that there are */
export function checkVerifyInput(
  given: unknown,
  known: readonly string[],
): { readonly input: FullVerifyInput | null; readonly problems: readonly string[] } {
  const list = known.join(', ');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const problem = `the input must be one JSON object, such as ${EXAMPLE}; known migrations: ${list}`;
    return { input: null, problems: [problem] };
  }
  const fields = given as Record<string, unknown>;
  const problems = Object.keys(fields)
    .filter((name) => !FIELDS.includes(name))
    .map((name) => `unknown field ${JSON.stringify(name.slice(0, 60))}; the fields are ${FIELDS.join(', ')}`);
  const { migration, final = null } = fields;
  if (migration === undefined) problems.push(`"migration" is missing; known migrations: ${list}`);
  else if (typeof migration !== 'string' || !known.includes(migration)) {
    const name = JSON.stringify(migration)?.slice(0, 60);
    problems.push(`there is no migration ${name}; known migrations: ${list}`);
  }
  if (final !== null && typeof final !== 'boolean') problems.push('"final" must be true or false');
  const concurrency = checkNumber(
    'concurrency',
    fields.concurrency,
    DEFAULT_CONCURRENCY,
    { ...CONCURRENCY, whole: true },
    problems,
  );
  const range = readRange(fields.range, problems);
  if (problems.length > 0) return { input: null, problems };
  return { input: { migration: migration as string, final: final === true, concurrency, range }, problems: [] };
}
