import type { ConverterSpec } from '../../mappings/converter-spec';
import { padFraction } from './clock';
import type { ConverterForms } from './converter';

/** A TIME that is a time of day: from 00:00:00 up to before 24:00:00. */
export const timeOfDay: ConverterForms<Extract<ConverterSpec, { kind: 'timeOfDay' }>> = {
  sourceText: (_spec, column) => `CAST(${column} AS CHAR)`,
  plainBytes: true,
  // Two digits of hours are written first: `-` and a third digit of hours sort outside.
  unfit: (_spec, text) => [{ reason: 'value_invalid', when: `(${text} !~ '^([01][0-9]|2[0-3]):')` }],
  toTarget: (_spec, text) => `${text}::time`,
  readBack: (spec, value) => ({
    text: padFraction(`${value}::text`, spec.precision),
    impossible: `coalesce(${value} = '24:00:00', false)`,
  }),
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
