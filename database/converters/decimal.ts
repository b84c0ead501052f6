import type { ConverterSpec } from '../../mappings/converter-spec';
import type { ConverterForms } from './converter';

export const decimal: ConverterForms<Extract<ConverterSpec, { kind: 'decimal' }>> = {
  // + 0 drops the padding of ZEROFILL columns. No cast: the server would clamp what is too wide, without a word.
  sourceText: (_spec, column) => `(${column} + 0)`,
  plainBytes: true,
  unfit: (spec, text) => [
    { reason: 'value_invalid', when: `abs(${text}::numeric) >= 1e${spec.precision - spec.scale}` },
  ],
  toTarget: (spec, text) => `${text}::numeric(${spec.precision},${spec.scale})`,
  // As it stands: rounded, a digit too many would not be seen.
  readBack: (_spec, value) => ({ text: `${value}::text` }),
  // As text: JSON numbers do not keep trailing zeros on every reader.
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
