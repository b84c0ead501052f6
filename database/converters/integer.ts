import type { ConverterSpec, IntegerType } from '../../mappings/converter-spec';
import type { ConverterForms } from './converter';

/** Range of each integer type, as decimal text: bigint does not fit a JavaScript number. */
const RANGE: Readonly<Record<IntegerType, { low: string; high: string; safeDigits: number }>> = {
  smallint: { low: '-32768', high: '32767', safeDigits: 4 },
  integer: { low: '-2147483648', high: '2147483647', safeDigits: 9 },
  bigint: { low: '-9223372036854775808', high: '9223372036854775807', safeDigits: 18 },
};

export const integer: ConverterForms<Extract<ConverterSpec, { kind: 'integer' }>> = {
  // + 0 drops the padding of ZEROFILL columns.
  sourceText: (_spec, column) => `(${column} + 0)`,
  plainBytes: true,
  unfit: (spec, text) => {
    const { low, high, safeDigits } = RANGE[spec.type];
    // Short texts cannot leave the range: the cast to numeric is for the rest only.
    const outside = `${text}::numeric NOT BETWEEN ${low} AND ${high}`;
    return [{ reason: 'value_invalid', when: `(length(${text}) > ${safeDigits} AND ${outside})` }];
  },
  toTarget: (spec, text) => `${text}::${spec.type}`,
  readBack: (_spec, value) => ({ text: `${value}::text` }),
  toLineage: (_spec, text) => `${text}::numeric`,
  lineageText: (_spec, json) => json,
};
