import type { ConverterSpec } from '../../mappings/converter-spec';
import { invalidDay, isZeroDate, readBackDay } from './calendar';
import { clockText } from './clock';
import type { ConverterForms, Sql } from './converter';

/** The source's session is in UTC: an instant reads there as the clock of UTC. */
const asInstant = (text: Sql): Sql => `(${text}::timestamp AT TIME ZONE 'UTC')`;

export const timestamp: ConverterForms<Extract<ConverterSpec, { kind: 'timestamp' }>> = {
  sourceText: (_spec, column) => `CAST(${column} AS CHAR)`,
  plainBytes: true,
  unfit: (spec, text) => [{ reason: 'value_invalid', when: invalidDay(text, spec.zero) }],
  toTarget: (spec, text) =>
    spec.zero === 'null' ? `(CASE WHEN NOT ${isZeroDate(text)} THEN ${asInstant(text)} END)` : asInstant(text),
  readBack: (spec, value, kept) =>
    readBackDay(value, clockText(`(${value} AT TIME ZONE 'UTC')`, spec.precision), spec.zero === 'null' ? kept : null),
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
