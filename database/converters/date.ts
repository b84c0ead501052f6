import type { ConverterSpec } from '../../mappings/converter-spec';
import { invalidDay, isZeroDate, readBackDay } from './calendar';
import type { ConverterForms } from './converter';

export const date: ConverterForms<Extract<ConverterSpec, { kind: 'date' }>> = {
  sourceText: (_spec, column) => `CAST(${column} AS CHAR)`,
  plainBytes: true,
  unfit: (spec, text) => [{ reason: 'value_invalid', when: invalidDay(text, spec.zero) }],
  toTarget: (spec, text) =>
    spec.zero === 'null' ? `(CASE WHEN NOT ${isZeroDate(text)} THEN ${text}::date END)` : `${text}::date`,
  readBack: (spec, value, kept) =>
    readBackDay(value, `to_char(${value}, 'YYYY-MM-DD')`, spec.zero === 'null' ? kept : null),
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
