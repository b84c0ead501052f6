import type { ConverterSpec } from '../../mappings/converter-spec';
import type { ConverterForms } from './converter';

export const text: ConverterForms<Extract<ConverterSpec, { kind: 'text' }>> = {
  // The server converts whatever character set the column has; both sides then count the same bytes.
  sourceText: (_spec, column) => `CONVERT(${column} USING utf8mb4)`,
  plainBytes: false,
  unfit: (spec, value) =>
    spec.max === undefined ? [] : [{ reason: 'value_too_long', when: `char_length(${value}) > ${spec.max}` }],
  toTarget: (_spec, value) => value,
  readBack: (_spec, value) => ({ text: `${value}::text` }),
  toLineage: (_spec, value) => value,
  lineageText: (_spec, json) => json,
};
