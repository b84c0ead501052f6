import type { ConverterSpec } from '../../mappings/converter-spec';
import type { ConverterForms } from './converter';

/**
 * `json` keeps the source's text to the letter; `jsonb` keeps what it says, and the lineage keeps the text. Whether a text is
 * JSON is asked of a function of the ledger, since a cast would end the statement.
 */
export const json: ConverterForms<Extract<ConverterSpec, { kind: 'json' }>> = {
  sourceText: (_spec, column) => `CONVERT(${column} USING utf8mb4)`,
  plainBytes: false,
  unfit: (spec, text) => [
    {
      reason: 'value_invalid',
      when: `(${text} IS NOT NULL AND NOT carryover.is_json(${text}, ${spec.type === 'jsonb'}))`,
    },
  ],
  toTarget: (spec, text) => `${text}::${spec.type}`,
  readBack: (spec, value, kept) => {
    if (spec.type === 'json') return { text: `${value}::text` };
    const text = kept ?? 'NULL::text';
    // The text is the lineage's, if the value is what it says.
    return {
      text,
      impossible:
        `(CASE WHEN ${text} IS NULL OR ${value} IS NULL THEN (${text} IS NULL) <> (${value} IS NULL) ` +
        `WHEN carryover.is_json(${text}, true) THEN ${value} <> ${text}::jsonb ELSE true END)`,
    };
  },
  toLineage: (_spec, text) => text,
  lineageText: (_spec, text) => text,
};
