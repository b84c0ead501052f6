import type { ConverterSpec } from '../../mappings/converter-spec';
import { invalidDay, isZeroDate, readBackDay } from './calendar';
import { clockText } from './clock';
import type { ConverterForms } from './converter';

export const wallClock: ConverterForms<Extract<ConverterSpec, { kind: 'wallClock' }>> = {
  sourceText: (_spec, column) => `CAST(${column} AS CHAR)`,
  plainBytes: true,
  unfit: (spec, text) => [{ reason: 'value_invalid', when: invalidDay(text, spec.zero) }],
  toTarget: (spec, text) =>
    spec.zero === 'null' ? `(CASE WHEN NOT ${isZeroDate(text)} THEN ${text}::timestamp END)` : `${text}::timestamp`,
  readBack: (spec, value, kept) =>
    readBackDay(value, clockText(value, spec.precision), spec.zero === 'null' ? kept : null),
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
