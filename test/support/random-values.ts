/**
 * Random values of every type, traps among them, each with what must become of it: an oracle in JavaScript, which shares
 * nothing with the converters.
 */
import type { Random } from '../../sample/random';
import type { ColumnName } from './value-columns';

export interface RandomValue {
  /** As the source's SQL writes it. */
  readonly literal: string;
  /** What the target must hold, in the oracle's form of the column; undefined where the row must go to quarantine. */
  readonly expected: string | null | undefined;
}

type Draw = (random: Random) => RandomValue;

const UNFIT = undefined;
const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;
const digits = (random: Random, count: number): string =>
  Array.from({ length: count }, () => String(random.below(10))).join('');
const quoted = (text: string): string => `'${text}'`;

/** Whole numbers between two bounds, the bounds and their neighbours above all; unfit above `most`. */
const whole =
  (low: bigint, high: bigint, most = high): Draw =>
  (random) => {
    const span = high - low;
    const value = pick(random, [
      low,
      high,
      low + 1n,
      high - 1n,
      0n,
      1n,
      most,
      low + (BigInt(digits(random, 20)) % span),
    ]);
    const inside = value < low ? low : value > high ? high : value;
    return { literal: quoted(String(inside)), expected: inside > most ? UNFIT : String(inside) };
  };

const TWO_63 = 2n ** 63n;
const TWO_64 = 2n ** 64n;

const bit: Draw = (random) =>
  pick(random, [
    { literal: "b'0'", expected: 'false' },
    { literal: "b'1'", expected: 'true' },
  ]);

const decimal =
  (integers: number, scale: number): Draw =>
  (random) => {
    const sign = pick(random, ['', '-']);
    const left = digits(random, 1 + random.below(integers)).replace(/^0+(?=\d)/, '');
    const right = digits(random, scale);
    const zero = /^0*$/.test(left + right);
    return { literal: quoted(`${sign}${left}.${right}`), expected: `${zero ? '' : sign}${left}.${right}` };
  };

/** Doubles of any size; the oracle's form is that of JavaScript. */
const double: Draw = (random) => {
  const value = pick(random, [
    0,
    -0,
    0.1 + 0.2,
    5e-324,
    Number.MAX_VALUE,
    Number.MIN_SAFE_INTEGER,
    Number(`${pick(random, ['', '-'])}${digits(random, 1)}.${digits(random, 16)}e${random.below(600) - 300}`),
    random.below(1_000_000) / 64,
  ]);
  return { literal: quoted(String(value)), expected: String(value + 0) };
};

const single: Draw = (random) => {
  const value = Math.fround(
    Number(`${pick(random, ['', '-'])}${digits(random, 1)}.${digits(random, 8)}e${random.below(60) - 30}`),
  );
  return { literal: quoted(String(value)), expected: String(value + 0) };
};

const narrowed: Draw = (random) => {
  const { literal, expected } = double(random);
  const value = Number(expected);
  return { literal, expected: Math.fround(value) === value ? expected : UNFIT };
};

const two = (value: number, base = 10): string => value.toString(base).padStart(2, '0');

/** Days of the calendar, and what MySQL holds beside them. */
const day = (random: Random): { text: string; real: boolean } => {
  const year = pick(random, ['0000', '1000', '1899', '1970', '2000', '2024', '2100', '9999', `19${digits(random, 2)}`]);
  const month = random.below(13);
  const date = random.below(32);
  // Beyond the 31st, or a 31st that no month has, the server itself refuses.
  const text = `${year}-${two(month)}-${two(date)}`;
  const asUtc = new Date(`${text}T00:00:00Z`);
  const real = year !== '0000' && !Number.isNaN(asUtc.getTime()) && asUtc.toISOString().startsWith(text);
  return { text, real };
};

const ZERO = '0000-00-00';

const date =
  (zero: 'null' | 'quarantine'): Draw =>
  (random) => {
    const { text, real } = random.below(8) === 0 ? { text: ZERO, real: false } : day(random);
    return { literal: quoted(text), expected: real ? text : text === ZERO && zero === 'null' ? null : UNFIT };
  };

const clockOf = (random: Random, fraction: number): string =>
  `${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}${fraction === 0 ? '' : `.${digits(random, fraction)}`}`;

const wallClock: Draw = (random) => {
  const { text, real } = day(random);
  if (random.below(8) === 0) return { literal: quoted(`${ZERO} 00:00:00`), expected: null };
  const clock = clockOf(random, 3);
  // A day that is zero with a time of day is no zero date to anybody but the rule for NULL.
  if (text === ZERO) return { literal: quoted(`${ZERO} 00:00:00`), expected: null };
  return { literal: quoted(`${text} ${clock}`), expected: real ? `${text} ${clock}` : UNFIT };
};

const stamp: Draw = (random) => {
  const seconds = 1 + random.below(2 ** 31 - 2);
  const text = `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}.${digits(random, 6)}`;
  return { literal: quoted(text), expected: text };
};

/** Offset of a zone at an instant, in minutes, by the tables of JavaScript. */
function offsetAt(zone: string, instant: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(instant);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)!.value);
  const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return (wall - Math.floor(instant / 1000) * 1000) / 60_000;
}

/** Wall clocks of Europe/Berlin between 1980 and 2037, one in four near a turn of the clocks. The first of two instants counts. */
const at: Draw = (random) => {
  const turn = pick(random, ['2024-03-31', '2024-10-27', '1996-10-27', '2023-03-26']);
  const near = `${turn} 0${1 + random.below(3)}:${two(random.below(60))}:${two(random.below(60))}`;
  const far = `${1980 + random.below(57)}-${two(1 + random.below(12))}-${two(1 + random.below(28))} ${clockOf(random, 0)}`;
  const text = random.below(4) === 0 ? near : far;
  const fraction = digits(random, 6);
  const wall = Date.parse(`${text.replace(' ', 'T')}Z`);
  const found = [120, 60]
    .map((minutes) => wall - minutes * 60_000)
    .filter((instant) => {
      return wall - instant === offsetAt('Europe/Berlin', instant) * 60_000;
    });
  const [first] = found.sort((a, b) => a - b);
  const expected =
    first === undefined ? UNFIT : `${new Date(first).toISOString().slice(0, 19).replace('T', ' ')}.${fraction}`;
  return { literal: quoted(`${text}.${fraction}`), expected };
};

const span: Draw = (random) => {
  const sign = pick(random, ['', '-']);
  const text = `${two(random.below(838))}:${two(random.below(60))}:${two(random.below(60))}.${digits(random, 6)}`;
  const zero = /^[0:.]*$/.test(text);
  return { literal: quoted(sign + text), expected: (zero ? '' : sign) + text };
};

const time: Draw = (random) => {
  const sign = pick(random, ['', '', '', '-']);
  const hours = pick(random, [0, 23, 24, random.below(24), random.below(839)]);
  const text = `${two(hours)}:${two(random.below(60))}:${two(random.below(59))}.${digits(random, 3)}`;
  const zero = /^[0:.]*$/.test(text);
  const inside = hours < 24 && (sign === '' || zero);
  // The greatest TIME has no fraction on some servers.
  const safe = hours >= 838 ? `838:00:00.000` : text;
  return { literal: quoted(sign + safe), expected: inside ? text : UNFIT };
};

const LETTERS = [
  'a',
  'Z',
  'é',
  'e\u0301',
  'ß',
  '😀',
  ' ',
  '\t',
  '\n',
  '\\',
  "'",
  '"',
  '\\N',
  '\\.',
  'NULL',
  '\r',
  ',',
  '{',
  '\u200b',
];

const escaped = (text: string): string =>
  quoted(text.replace(/[\\']/g, (character) => `\\${character}`).replaceAll('\0', '\\0'));

const letters = (random: Random, most: number): string =>
  Array.from({ length: random.below(most + 1) }, () => pick(random, LETTERS)).join('');

const text =
  (most: number): Draw =>
  (random) => {
    const value = letters(random, most);
    if (random.below(10) === 0) return { literal: escaped(`${value}\0`), expected: UNFIT };
    return { literal: escaped(value), expected: value };
  };

const short: Draw = (random) => {
  const value = letters(random, 5);
  return { literal: escaped(value), expected: [...value].length > 3 ? UNFIT : value };
};

const bytes =
  (most: number, fixed = 0): Draw =>
  (random) => {
    const value = Array.from({ length: random.below(most + 1) }, () => two(random.below(256), 16)).join('');
    return { literal: value === '' ? "''" : `0x${value}`, expected: `\\x${value.padEnd(fixed * 2, '0')}` };
  };

const members: Draw = (random) => {
  const value = ['x', 'y', 'z'].filter(() => random.below(2) === 0).join(',');
  return { literal: quoted(value), expected: `{${value}}` };
};

const json: Draw = (random) => {
  const value = pick(random, [
    JSON.stringify({ b: letters(random, 4), a: [1, null, random.below(1e6) / 8] }),
    `{"a": ${digits(random, 25).replace(/^0+(?=\d)/, '')} ,"a":1}`,
    'null',
    ' [ ] ',
  ]);
  if (random.below(6) === 0) return { literal: escaped(`${value}{`), expected: UNFIT };
  return { literal: escaped(value), expected: value };
};

export const DRAWS: Readonly<Partial<Record<ColumnName, Draw>>> = {
  tiny: whole(-128n, 127n),
  order: whole(0n, 2n ** 24n - 1n),
  unsigned: whole(0n, 2n ** 32n - 1n),
  narrow: whole(0n, 2n ** 32n - 1n, 2n ** 31n - 1n),
  big: whole(-TWO_63, TWO_63 - 1n),
  ubig: whole(0n, TWO_64 - 1n),
  padded: whole(0n, 999_999n),
  bit,
  bits: (random) => {
    const value = random.below(1024);
    return { literal: `b'${value.toString(2)}'`, expected: String(value) };
  },
  dec65: decimal(35, 30),
  dec4: decimal(8, 4),
  single,
  widened: single,
  double,
  narrowed,
  day: date('quarantine'),
  day_or_none: date('null'),
  at,
  clock: wallClock,
  stamp,
  span,
  time,
  user: text(12),
  short,
  long: text(40),
  fixed: bytes(4, 4),
  varied: bytes(12),
  blob: bytes(30),
  members,
  json,
};
