/** The legacy key as text: alike for staged rows, target rows, quarantine and findings. */
import { converterOf, targetKey } from '../../mappings/mapping';
import { formsOf } from '../converters';
import type { TimedMapping } from '../converters/converter';
import { quotePg } from './quote';

/** Legacy key as people read it: the value itself, or a JSON array of the parts of a composite key. */
export function legacyKey(parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : `jsonb_build_array(${parts.join(', ')})::text`;
}

/** The legacy key of a target row with the given alias. */
export function targetKeyText(mapping: TimedMapping, alias: string): string {
  return legacyKey(keyColumnTexts(mapping, alias));
}

function keyColumnTexts(mapping: TimedMapping, alias: string): string[] {
  return mapping.source.key.map((column, index) => {
    const spec = converterOf(mapping, column);
    const value = `${alias}.${quotePg(targetKey(mapping)[index]!)}`;
    return formsOf(spec).readBack(spec, value, null, mapping).text;
  });
}
