/** The registry of converters: every kind that a mapping may name, and its forms. */
import type { ConverterSpec } from '../../mappings/converter-spec';
import { boolean } from './boolean';
import { bytes } from './bytes';
import { code } from './code';
import type { ConverterForms } from './converter';
import { date } from './date';
import { decimal } from './decimal';
import { duration } from './duration';
import { float } from './float';
import { instant } from './instant';
import { integer } from './integer';
import { json } from './json';
import { set } from './set';
import { text } from './text';
import { timeOfDay } from './time-of-day';
import { timestamp } from './timestamp';
import { wallClock } from './wall-clock';

type Kind = ConverterSpec['kind'];

const REGISTRY: { readonly [K in Kind]: ConverterForms<Extract<ConverterSpec, { kind: K }>> } = {
  integer,
  boolean,
  text,
  decimal,
  date,
  instant,
  timestamp,
  wallClock,
  duration,
  timeOfDay,
  float,
  bytes,
  set,
  json,
  code,
};

/** The forms of a spec's kind. */
export function formsOf(spec: ConverterSpec): ConverterForms<ConverterSpec> {
  // The registry pairs each kind with its own spec; TypeScript cannot follow that through a union.
  return REGISTRY[spec.kind];
}
