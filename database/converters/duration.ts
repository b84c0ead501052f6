import type { ConverterSpec } from '../../mappings/converter-spec';
import { padFraction } from './clock';
import type { ConverterForms } from './converter';

/** TIME is a span of time: it may be negative, and goes to 838:59:59. */
export const duration: ConverterForms<Extract<ConverterSpec, { kind: 'duration' }>> = {
  sourceText: (_spec, column) => `CAST(${column} AS CHAR)`,
  plainBytes: true,
  unfit: () => [],
  toTarget: (_spec, text) => `${text}::interval`,
  // Under the interval style of the session, hours, minutes and seconds read as the source writes them; an interval that
  // has days, months or years reads otherwise, and never came from a TIME.
  readBack: (spec, value) => ({ text: padFraction(`${value}::text`, spec.precision) }),
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
