/** The registry of converters: every kind that a mapping may name, and its forms. */
import type { ConverterSpec } from '../../mappings/converter-spec';
import { boolean } from './boolean';
import { code } from './code';
import type { ConverterForms } from './converter';
import { date } from './date';
import { decimal } from './decimal';
import { instant } from './instant';
import { integer } from './integer';
import { text } from './text';

type Kind = ConverterSpec['kind'];

const REGISTRY: { readonly [K in Kind]: ConverterForms<Extract<ConverterSpec, { kind: K }>> } = {
  integer,
  boolean,
  text,
  decimal,
  date,
  instant,
  code,
};

/** The forms of a spec's kind. */
export function formsOf(spec: ConverterSpec): ConverterForms<ConverterSpec> {
  // The registry pairs each kind with its own spec; TypeScript cannot follow that through a union.
  return REGISTRY[spec.kind];
}
