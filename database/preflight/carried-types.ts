/** Which column types the converters carry: of the source by kind, and of the target by what the kind writes. */
import type { ConverterSpec } from '../../mappings/converter-spec';
import type { SourceColumn } from './source-facts';
import type { TargetColumn } from './target-facts';

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
const TEXTS = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum'];

const SOURCE_TYPES: Readonly<Record<ConverterSpec['kind'], readonly string[]>> = {
  integer: INTEGERS,
  boolean: ['tinyint'],
  text: TEXTS,
  decimal: ['decimal'],
  date: ['date'],
  instant: ['datetime'],
  code: [...INTEGERS, 'char', 'varchar', 'enum'],
};

/** Why a type is not carried, where the reason is not plain. */
const WHY: Readonly<Record<string, string>> = {
  timestamp:
    "a TIMESTAMP is an instant shown in the session's zone, so that the mapping's zone does not apply to it; copy it into a DATETIME column on the source",
  bit: 'a BIT column comes as bytes; copy it into a TINYINT column on the source',
  time: 'a TIME may be negative or beyond 24 hours, which PostgreSQL has no time of day for',
  float: 'a FLOAT has no exact text',
  double: 'a DOUBLE has no exact text',
};

/**
 * @param lineage whether the value goes into the lineage, which keeps dates as text too
 * @returns what keeps the column from being carried, or undefined
 */
export function sourceMisfit(column: SourceColumn, spec: ConverterSpec, lineage: boolean): string | undefined {
  const carried = [...SOURCE_TYPES[spec.kind], ...(lineage && spec.kind === 'text' ? ['date', 'datetime'] : [])];
  if (!carried.includes(column.dataType)) {
    const why = WHY[column.dataType];
    return `it carries ${carried.join(', ')}${why === undefined ? '' : ` (${why})`}`;
  }
  if (spec.kind === 'decimal' && column.scale !== spec.scale) {
    return `the mapping says scale ${spec.scale}, and a value must keep its digits; say scale ${column.scale}`;
  }
  if (spec.kind === 'instant' && column.precision !== spec.precision) {
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
      return column.baseType === 'timestamptz' && (column.modifier === -1 || column.modifier >= spec.precision)
        ? undefined
        : `it needs timestamp with time zone of at least ${spec.precision} fractional digits`;
  }
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
