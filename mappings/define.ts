import { CarryoverError, listProblems } from '../shared/errors';
import { CONVERTER_RULES } from './converter-rules';
import type { Mapping } from './mapping';
import { readMapping } from './read-mapping';
import { ShapeReader } from './read-shape';
import { NAME_RULES } from './rules';

/** A mapping as it was read, and everything that is wrong with it. */
export interface Examined {
  readonly mapping: Mapping;
  /** Sentences: where, what, what to do. Empty where the mapping can be used. */
  readonly problems: readonly string[];
}

/** Looks at all of a mapping; never throws. */
export function examineMapping(value: unknown): Examined {
  const reader = new ShapeReader();
  const mapping = readMapping(reader, value);
  const broken = [...NAME_RULES, ...CONVERTER_RULES].flatMap((rule) => rule(mapping));
  return { mapping: deepFreeze(mapping), problems: [...reader.problems, ...broken] };
}

/**
 * Takes a mapping into use: nonsense is refused when it is loaded, not when a row meets it.
 *
 * @returns a frozen copy
 * @throws CarryoverError `InputRefused` that lists all problems, one sentence each
 */
export function defineMapping(value: unknown): Mapping {
  const { mapping, problems } = examineMapping(value);
  if (problems.length > 0) {
    throw new CarryoverError(
      'InputRefused',
      listProblems(`The mapping ${mapping.name || '(without a name)'} cannot be used:`, problems),
    );
  }
  return mapping;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
