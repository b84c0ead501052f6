import type { ConverterSpec } from '../../mappings/converter-spec';
import type { ConverterForms } from './converter';

/** Bytes travel, and are kept, as hexadecimal digits: nothing in them is taken for text. */
export const bytes: ConverterForms<Extract<ConverterSpec, { kind: 'bytes' }>> = {
  sourceText: (_spec, column) => `HEX(${column})`,
  plainBytes: true,
  unfit: () => [],
  toTarget: (_spec, text) => `decode(${text}, 'hex')`,
  readBack: (_spec, value) => ({ text: `upper(encode(${value}, 'hex'))` }),
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
