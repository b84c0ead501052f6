/** Checks of single fields of what a person sends: each adds its problem in words, and none throws. */

/** Characters of a reason or a name: a sentence or two, small in history and ledger. */
export const TEXT_LENGTH = 500;

/** A text that may be left out; where it is given, it must say something. */
export function optionalText<K extends string>(
  name: K,
  given: unknown,
  what: string,
  problems: string[],
): Partial<Record<K, string>> {
  if (given === undefined || given === null) return {};
  if (typeof given === 'string' && given.trim() !== '' && given.length <= TEXT_LENGTH) {
    return { [name]: given.trim() } as Partial<Record<K, string>>;
  }
  problems.push(`"${name}" must be a text of 1 to ${TEXT_LENGTH} characters that says ${what}`);
  return {};
}

/** A number that the ledger gave; JSON may have made a number of it where the quotes were left out: as good, while it is exact. */
export function asNumber(given: unknown): string | null {
  const text = Number.isSafeInteger(given) ? String(given) : given;
  return typeof text === 'string' && /^\d{1,18}$/.test(text) ? text : null;
}

/** The same where it may be left out. */
export function optionalNumber<K extends string>(
  name: K,
  given: unknown,
  what: string,
  problems: string[],
): Partial<Record<K, string>> {
  if (given === undefined || given === null) return {};
  const number = asNumber(given);
  if (number !== null) return { [name]: number } as Partial<Record<K, string>>;
  problems.push(`"${name}" must be the number of ${what}`);
  return {};
}

/** What is named one by one: more has a kind, or a reason, by which all of it is named. */
const MOST_NAMED = 1_000;

/** Such numbers, each once; empty where they will not do. */
export function numberList(name: string, given: unknown, what: string, problems: string[]): string[] {
  const numbers = Array.isArray(given) ? given.map(asNumber) : [];
  if (numbers.length > 0 && numbers.length <= MOST_NAMED && numbers.every((number) => number !== null)) {
    return [...new Set(numbers)];
  }
  problems.push(`"${name}" must be a list of up to ${MOST_NAMED} numbers of ${what}`);
  return [];
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export function checkNumber(
  name: string,
  given: unknown,
  fallback: number,
  range: Range & { readonly whole?: boolean },
  problems: string[],
): number {
  if (given === undefined || given === null) return fallback;
  const fits = typeof given === 'number' && given >= range.low && given <= range.high;
  if (fits && (range.whole !== true || Number.isInteger(given))) return given;
  const found = typeof given === 'number' ? String(given) : `a ${typeof given}`;
  const kind = range.whole === true ? 'whole number' : 'number';
  problems.push(`"${name}" must be a ${kind} from ${range.low} to ${range.high}, and is ${found}`);
  return fallback;
}
