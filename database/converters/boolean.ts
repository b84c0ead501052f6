import type { ConverterSpec } from '../../mappings/converter-spec';
import type { ConverterForms } from './converter';

export const boolean: ConverterForms<Extract<ConverterSpec, { kind: 'boolean' }>> = {
  sourceText: (_spec, column) => `(${column} + 0)`,
  plainBytes: true,
  // TINYINT(1) holds any of -128 to 127: only 0 and 1 have a meaning that both sides share.
  unfit: (_spec, text) => [{ reason: 'value_invalid', when: `${text} NOT IN ('0', '1')` }],
  toTarget: (_spec, text) => `(${text} = '1')`,
  readBack: (_spec, value) => ({ text: `(CASE ${value} WHEN true THEN '1' WHEN false THEN '0' END)` }),
  toLineage: (_spec, text) => `(${text} = '1')`,
  lineageText: (_spec, json) => `(CASE ${json} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE ${json} END)`,
};
