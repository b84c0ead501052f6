/** What can run: mappings are listed by hand, so that a reader sees them and a stray file moves nothing. */
import { CarryoverError, listProblems } from '../shared/errors';
import { caseStates } from './case-states';
import { examineMapping } from './define';
import type { Mapping } from './mapping';
import { messages } from './messages';

export interface Catalog {
  /** @throws CarryoverError `InputRefused`, naming the known ones, where there is no such mapping */
  get(name: string): Mapping;
  /** Names of all mappings, sorted. */
  names(): string[];
}

/** Names or namespaces that two mappings share: the ledger counts by name, and ids would collide. */
function shared(mappings: readonly Mapping[], what: string, of: (mapping: Mapping) => string): string[] {
  return mappings.flatMap((mapping, index) => {
    const first = mappings.slice(0, index).find((other) => of(other) === of(mapping) && of(mapping) !== '');
    return first === undefined
      ? []
      : [`${mapping.name}: ${what} is that of the mapping ${first.name} as well; give each mapping its own.`];
  });
}

/**
 * Validates mappings together.
 *
 * @throws CarryoverError `InputRefused` that lists all problems of all mappings
 */
export function createCatalog(mappings: readonly Mapping[]): Catalog {
  const examined = mappings.map(examineMapping);
  const read = examined.map(({ mapping }) => mapping);
  const problems = [
    ...examined.flatMap(({ mapping, problems: own }) => own.map((p) => `${mapping.name || '(without a name)'}: ${p}`)),
    ...shared(read, 'name', ({ name }) => name),
    ...shared(read, 'id.namespace', ({ id }) => id.namespace.toLowerCase()),
  ];
  if (problems.length > 0)
    throw new CarryoverError('InputRefused', listProblems('The mappings cannot be used:', problems));

  const byName = new Map(read.map((mapping) => [mapping.name, mapping]));
  const names = [...byName.keys()].sort();
  return {
    names: () => [...names],
    get: (name) => {
      const mapping = byName.get(name);
      if (mapping !== undefined) return mapping;
      throw new CarryoverError(
        'InputRefused',
        `There is no migration named ${JSON.stringify(name)}; known are: ${names.join(', ') || 'none'}.`,
      );
    },
  };
}

export const catalog: Catalog = createCatalog([caseStates, messages]);
