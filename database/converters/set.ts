import type { ConverterSpec } from '../../mappings/converter-spec';
import type { ConverterForms } from './converter';

/** A SET's members, in the order of its definition; none of them has a comma. */
export const set: ConverterForms<Extract<ConverterSpec, { kind: 'set' }>> = {
  sourceText: (_spec, column) => `CONVERT(${column} USING utf8mb4)`,
  plainBytes: false,
  unfit: () => [],
  toTarget: (_spec, text) => `string_to_array(${text}, ',')`,
  readBack: (_spec, value) => ({
    text: `array_to_string(${value}, ',')`,
    // An array that reads like a set and is none: with NULLs, commas within its members, or several dimensions.
    impossible: `coalesce(${value}::text[] IS DISTINCT FROM string_to_array(array_to_string(${value}, ','), ','), false)`,
  }),
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
