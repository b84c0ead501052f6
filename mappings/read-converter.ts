import type { ConverterSpec } from './converter-spec';
import { oneOf, shown, type ShapeReader } from './read-shape';

type Kind = ConverterSpec['kind'];

/** PostgreSQL's numeric(p, s) takes more digits than MySQL's DECIMAL: the source's limits bind. */
const MAX_PRECISION = 65;
const MAX_SCALE = 30;

/** Stands for a converter that could not be read, so that no rule complains about it a second time. */
export const UNREADABLE: ConverterSpec = Object.freeze({ kind: 'text' });

type Fields = Readonly<Record<string, unknown>>;

function readCodes(reader: ShapeReader, value: unknown, at: string): Record<string, string> {
  const codes = reader.texts(value, at);
  if (value !== undefined && Object.keys(codes).length === 0) {
    reader.refuse(at, 'lists no code', 'name at least one code and its label');
  }
  // The servers drop or pad trailing blanks, so two such codes would be one.
  for (const code of Object.keys(codes).filter((name) => name.trim() !== name || name === '')) {
    reader.refuse(at, `has the code ${shown(code)} with blanks around it`, 'write each code once, without blanks');
  }
  return codes;
}

function readUnknown(reader: ShapeReader, value: unknown, at: string): 'quarantine' | { value: string } {
  if (value === undefined || value === 'quarantine') return 'quarantine';
  if (typeof value !== 'object' || value === null) {
    reader.refuse(at, `is ${shown(value)}`, 'use "quarantine" or { value: label }');
    return 'quarantine';
  }
  const fields = reader.object(value, at, ['value']);
  return { value: reader.text(fields.value, `${at}.value`) };
}

type Dated = Pick<Extract<ConverterSpec, { kind: 'instant' }>, 'precision' | 'zero'>;

function readDated(reader: ShapeReader, fields: Fields, at: string): Dated {
  reader.object(fields, at, ['kind', 'precision', 'zero']);
  return {
    precision: reader.integer(fields.precision, `${at}.precision`, 0, 6),
    zero: reader.word(fields.zero, `${at}.zero`, ['quarantine', 'null']),
  };
}

function readTimed(reader: ShapeReader, fields: Fields, at: string): Pick<Dated, 'precision'> {
  reader.object(fields, at, ['kind', 'precision']);
  return { precision: reader.integer(fields.precision, `${at}.precision`, 0, 6) };
}

const READERS: {
  readonly [K in Kind]: (reader: ShapeReader, fields: Fields, at: string) => Extract<ConverterSpec, { kind: K }>;
} = {
  integer: (reader, fields, at) => {
    reader.object(fields, at, ['kind', 'type']);
    return { kind: 'integer', type: reader.word(fields.type, `${at}.type`, ['bigint', 'integer', 'smallint']) };
  },
  boolean: (reader, fields, at) => {
    reader.object(fields, at, ['kind']);
    return { kind: 'boolean' };
  },
  text: (reader, fields, at) => {
    reader.object(fields, at, ['kind'], ['max']);
    return fields.max === undefined
      ? { kind: 'text' }
      : { kind: 'text', max: reader.integer(fields.max, `${at}.max`, 1, Number.MAX_SAFE_INTEGER) };
  },
  decimal: (reader, fields, at) => {
    reader.object(fields, at, ['kind', 'precision', 'scale']);
    const precision = reader.integer(fields.precision, `${at}.precision`, 1, MAX_PRECISION);
    const scale = reader.integer(fields.scale, `${at}.scale`, 0, MAX_SCALE);
    if (scale > precision) {
      reader.refuse(at, `has the scale ${scale} above its precision ${precision}`, 'give a scale up to the precision');
    }
    return { kind: 'decimal', precision, scale };
  },
  date: (reader, fields, at) => {
    reader.object(fields, at, ['kind', 'zero']);
    return { kind: 'date', zero: reader.word(fields.zero, `${at}.zero`, ['quarantine', 'null']) };
  },
  instant: (reader, fields, at) => ({ kind: 'instant', ...readDated(reader, fields, at) }),
  timestamp: (reader, fields, at) => ({ kind: 'timestamp', ...readDated(reader, fields, at) }),
  wallClock: (reader, fields, at) => ({ kind: 'wallClock', ...readDated(reader, fields, at) }),
  duration: (reader, fields, at) => ({ kind: 'duration', ...readTimed(reader, fields, at) }),
  timeOfDay: (reader, fields, at) => ({ kind: 'timeOfDay', ...readTimed(reader, fields, at) }),
  float: (reader, fields, at) => {
    reader.object(fields, at, ['kind', 'type']);
    return { kind: 'float', type: reader.word(fields.type, `${at}.type`, ['double', 'real']) };
  },
  bytes: (reader, fields, at) => {
    reader.object(fields, at, ['kind']);
    return { kind: 'bytes' };
  },
  set: (reader, fields, at) => {
    reader.object(fields, at, ['kind']);
    return { kind: 'set' };
  },
  json: (reader, fields, at) => {
    reader.object(fields, at, ['kind', 'type']);
    return { kind: 'json', type: reader.word(fields.type, `${at}.type`, ['json', 'jsonb']) };
  },
  code: (reader, fields, at) => {
    reader.object(fields, at, ['kind', 'type', 'codes', 'unknown']);
    return {
      kind: 'code',
      type: reader.text(fields.type, `${at}.type`),
      codes: readCodes(reader, fields.codes, `${at}.codes`),
      unknown: readUnknown(reader, fields.unknown, `${at}.unknown`),
    };
  },
};

/** Reads a converter of one of the allowed kinds; {@link UNREADABLE} where it is none. */
export function readConverter<K extends Kind>(
  reader: ShapeReader,
  value: unknown,
  at: string,
  allowed: readonly K[],
): Extract<ConverterSpec, { kind: K }> {
  const unreadable = UNREADABLE as Extract<ConverterSpec, { kind: K }>;
  if (value === undefined) return unreadable;
  if (typeof value !== 'object' || value === null) {
    reader.refuse(at, `is ${shown(value)}`, `give { kind: … } with one of ${oneOf(allowed)}`);
    return unreadable;
  }
  const fields = value as Fields;
  const kind = allowed.find((candidate) => candidate === fields.kind);
  if (kind === undefined) {
    reader.refuse(`${at}.kind`, `is ${shown(fields.kind)}`, `use one of ${oneOf(allowed)}`);
    return unreadable;
  }
  return READERS[kind](reader, fields, at);
}

/** Every kind of converter, in the order in which a remedy names them. */
export const ALL_KINDS = Object.keys(READERS) as Kind[];
