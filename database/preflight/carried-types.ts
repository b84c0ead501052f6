/** Which column types the converters carry: of the source by kind, and of the target by what the kind writes. */
import type { ConverterSpec } from '../../mappings/converter-spec';
import type { SourceColumn } from './source-facts';
import type { TargetColumn } from './target-facts';

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
const TEXTS = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum'];
/** Types of MariaDB that read as text. */
const WRITTEN = ['uuid', 'inet4', 'inet6'];

/** Types of the source, as its catalogue names them, by the converter that carries them. */
export const SOURCE_TYPES: Readonly<Record<ConverterSpec['kind'], readonly string[]>> = {
  integer: [...INTEGERS, 'year', 'bit'],
  boolean: ['tinyint', 'bit'],
  text: [...TEXTS, ...WRITTEN, 'set', 'json'],
  decimal: ['decimal', ...INTEGERS, 'bit'],
  date: ['date'],
  instant: ['datetime'],
  timestamp: ['timestamp'],
  wallClock: ['datetime'],
  duration: ['time'],
  timeOfDay: ['time'],
  float: ['float', 'double'],
  bytes: ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'],
  set: ['set'],
  json: ['json', ...TEXTS],
  code: [...INTEGERS, 'char', 'varchar', 'enum'],
};

/** Kept as text in the lineage, these read as they do in the source. */
const KEPT_AS_TEXT = ['date', 'datetime', 'timestamp', 'time', 'year'];

/** What to name instead, where a type is not the converter's. */
const WHY: Readonly<Record<string, string>> = {
  timestamp: 'a TIMESTAMP is an instant whatever the zone: name the converter "timestamp"',
  datetime: 'a DATETIME is a wall clock: name "instant", by the zone of the mapping, or "wallClock"',
  time: 'a TIME may be negative or beyond 24 hours: name "duration", or "timeOfDay"',
  float: 'name the converter "float"',
  double: 'name the converter "float"',
  json: 'name the converter "json", or "text"',
  set: 'name the converter "set", or "text"',
};

/**
 * @param lineage whether the value goes into the lineage, which keeps dates as text too
 * @returns what keeps the column from being carried, or undefined
 */
export function sourceMisfit(column: SourceColumn, spec: ConverterSpec, lineage: boolean): string | undefined {
  const carried = [...SOURCE_TYPES[spec.kind], ...(lineage && spec.kind === 'text' ? KEPT_AS_TEXT : [])];
  if (!carried.includes(column.dataType)) {
    const why = WHY[column.dataType];
    return `it carries ${carried.join(', ')}${why === undefined ? '' : ` (${why})`}`;
  }
  if (spec.kind === 'decimal' && column.scale !== spec.scale) {
    return `the mapping says scale ${spec.scale}, and a value must keep its digits; say scale ${column.scale}`;
  }
  if ('precision' in spec && spec.kind !== 'decimal' && column.precision !== spec.precision) {
    return `the mapping says precision ${spec.precision}; say precision ${column.precision}`;
  }
  return undefined;
}

const WIDTH: Readonly<Record<string, number>> = { int2: 2, int4: 4, int8: 8, smallint: 2, integer: 4, bigint: 8 };

/** A code's enum type is compared by the check, since only the catalogue knows its labels. */
export function targetMisfit(column: TargetColumn, spec: Exclude<ConverterSpec, { kind: 'code' }>): string | undefined {
  switch (spec.kind) {
    case 'integer':
      return (WIDTH[column.baseType] ?? 0) >= WIDTH[spec.type]! ? undefined : `it needs ${spec.type} or wider`;
    case 'boolean':
      return column.baseType === 'bool' ? undefined : 'it needs boolean';
    case 'text':
      return textMisfit(column, spec.max);
    case 'decimal':
      return decimalMisfit(column, spec.precision, spec.scale);
    case 'date':
      return column.baseType === 'date' ? undefined : 'it needs date';
    case 'instant':
    case 'timestamp':
      return clockMisfit(column, 'timestamptz', 'timestamp with time zone', spec.precision);
    case 'wallClock':
      return clockMisfit(column, 'timestamp', 'timestamp without time zone', spec.precision);
    case 'timeOfDay':
      return clockMisfit(column, 'time', 'time without time zone', spec.precision);
    case 'duration':
      // An interval with fields or digits has them in one number: what it leaves out is not worth telling apart.
      return column.baseType === 'interval' && column.modifier === -1 ? undefined : 'it needs interval, without fields';
    case 'float':
      return floatMisfit(column, spec.type);
    case 'bytes':
      return column.baseType === 'bytea' ? undefined : 'it needs bytea';
    case 'set':
      return column.baseType === '_text' ? undefined : 'it needs text[]';
    case 'json':
      return column.baseType === spec.type ? undefined : `it needs ${spec.type}`;
  }
}

function clockMisfit(column: TargetColumn, base: string, name: string, precision: number): string | undefined {
  if (column.baseType === base && (column.modifier === -1 || column.modifier >= precision)) return undefined;
  return `it needs ${name} of at least ${precision} fractional digits`;
}

function floatMisfit(column: TargetColumn, type: 'real' | 'double'): string | undefined {
  const wanted = type === 'real' ? 'float4' : 'float8';
  return column.baseType === wanted ? undefined : `it needs ${type === 'real' ? 'real' : 'double precision'}`;
}

function textMisfit(column: TargetColumn, max: number | undefined): string | undefined {
  if (column.baseType === 'text') return undefined;
  if (column.baseType !== 'varchar') return 'it needs text or character varying';
  if (column.modifier === -1) return undefined;
  // PostgreSQL packs the length with a header of 4 bytes.
  const length = column.modifier - 4;
  if (max === undefined) return `a longer text would not fit; give the rule "max": ${length}, or make the column text`;
  return length >= max
    ? undefined
    : `the rule lets ${max} characters pass; give it "max": ${length}, or widen the column`;
}

function decimalMisfit(column: TargetColumn, precision: number, scale: number): string | undefined {
  const needed = `it needs numeric(${precision},${scale})`;
  if (column.baseType !== 'numeric') return needed;
  if (column.modifier === -1) return undefined;
  const packed = column.modifier - 4;
  const [columnPrecision, columnScale] = [(packed >> 16) & 0xffff, packed & 0x7ff];
  return columnScale === scale && columnPrecision >= precision ? undefined : needed;
}
