import type { ConverterSpec } from '../../mappings/converter-spec';
import type { ConverterForms } from './converter';

export const decimal: ConverterForms<Extract<ConverterSpec, { kind: 'decimal' }>> = {
  // The cast fixes the number of fractional digits, also for ZEROFILL columns.
  sourceText: (spec, column) => `CAST(${column} AS DECIMAL(${spec.precision},${spec.scale}))`,
  plainBytes: true,
  unfit: (spec, text) => [
    { reason: 'value_invalid', when: `abs(${text}::numeric) >= 1e${spec.precision - spec.scale}` },
  ],
  toTarget: (spec, text) => `${text}::numeric(${spec.precision},${spec.scale})`,
  targetText: (spec, value) => `${value}::numeric(${spec.precision},${spec.scale})::text`,
  // As text: JSON numbers do not keep trailing zeros on every reader.
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
