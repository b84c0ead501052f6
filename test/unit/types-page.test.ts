/** The page of types lists what the preflight lets pass, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOURCE_TYPES } from '../../database/preflight/carried-types';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'types.md'), 'utf8');

const listed = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map(
  ([, type, converter]) => `${type} by ${converter}`,
);
const carried = Object.entries(SOURCE_TYPES).flatMap(([converter, types]) =>
  types.map((type) => `${type} by ${converter}`),
);

it('lists each type with each of its converters once', () => {
  expect([...listed].sort()).toEqual([...carried].sort());
});
