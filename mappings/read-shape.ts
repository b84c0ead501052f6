/**
 * Reads untrusted values as fields of a known shape and collects what is wrong, instead of stopping at the first
 * fault. What cannot be read comes out as an empty value, which the rules over the whole mapping skip.
 */

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as it is named in a problem. */
export const shown = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value));

/** Several values as they are named in a remedy. */
export const oneOf = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(', ');

export class ShapeReader {
  readonly problems: string[] = [];

  /** Notes a problem: where, what it is, and what to do about it. */
  refuse(at: string, what: string, remedy: string): void {
    this.problems.push(`${at} ${what}; ${remedy}.`);
  }

  /** An object with exactly these fields, the optional ones aside. */
  object(value: unknown, at: string, required: readonly string[], optional: readonly string[] = []): Fields {
    if (!isObject(value)) {
      this.refuse(at, value === undefined ? 'is missing' : 'is no object', `give ${[...required].join(', ')}`);
      return {};
    }
    const known = [...required, ...optional];
    for (const field of Object.keys(value).filter((name) => !known.includes(name))) {
      this.refuse(at, `has the unknown field ${shown(field)}`, `remove it, or use one of ${known.join(', ')}`);
    }
    for (const field of required.filter((name) => value[name] === undefined)) {
      this.refuse(at, `lacks the field ${shown(field)}`, 'add it');
    }
    return value;
  }

  /** A list whose entries are read one by one; an empty one where there is none. */
  list<T>(value: unknown, at: string, read: (entry: unknown, at: string) => T): T[] {
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.refuse(at, 'is no list', 'write it as [ … ]');
      return [];
    }
    return value.map((entry, index) => read(entry, `${at}[${index}]`));
  }

  /** An object used as a dictionary of texts. */
  texts(value: unknown, at: string): Record<string, string> {
    if (value === undefined) return {};
    if (!isObject(value)) {
      this.refuse(at, 'is no object', 'write it as { name: text }');
      return {};
    }
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, this.text(entry, `${at}.${name}`)]));
  }

  /** A text that is not empty; '' where the field is missing (the object has said so) or no such text. */
  text(value: unknown, at: string): string {
    if (typeof value === 'string' && value.trim() !== '') return value;
    if (value !== undefined) this.refuse(at, `is ${shown(value)}`, 'give a text that is not empty');
    return '';
  }

  optionalText(value: unknown, at: string): string | undefined {
    return value === undefined ? undefined : this.text(value, at);
  }

  optionalFlag(value: unknown, at: string): boolean | undefined {
    if (value === undefined || typeof value === 'boolean') return value;
    this.refuse(at, `is ${shown(value)}`, 'give true or false');
    return undefined;
  }

  /** One of the listed words; the first of them where it is none. */
  word<W extends string>(value: unknown, at: string, words: readonly [W, ...W[]]): W {
    if (words.includes(value as W)) return value as W;
    if (value !== undefined) this.refuse(at, `is ${shown(value)}`, `use one of ${oneOf(words)}`);
    return words[0];
  }

  /** A whole number within bounds; the lower bound where it is none. */
  integer(value: unknown, at: string, low: number, high: number): number {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= low && value <= high) return value;
    const bounds = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
    if (value !== undefined) this.refuse(at, `is ${shown(value)}`, `give a whole number ${bounds}`);
    return low;
  }
}
