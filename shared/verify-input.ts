/** Checks the one JSON object that starts a verification: all problems at once. */
import { checkNumber } from './fields';
import { CONCURRENCY, DEFAULT_CONCURRENCY } from './input';
import { readMigrationFields } from './input-object';
import type { Checked } from './input-object';
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
export function checkVerifyInput(given: unknown, known: readonly string[]): Checked<FullVerifyInput> {
  const { fields, problems } = readMigrationFields(given, FIELDS, EXAMPLE, known);
  if (fields === null) return { input: null, problems };
  const { final = null } = fields;
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
  return { input: { migration: fields.migration as string, final: final === true, concurrency, range }, problems: [] };
}
