import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { POINTS, STATEMENTS, TRANSACTIONS } from '../../database/points';

const DATABASE = join(__dirname, '..', '..', 'database');

const code = readdirSync(DATABASE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && basename(name) !== 'points.ts')
  .map((name) => readFileSync(join(DATABASE, name), 'utf8'))
  .join('\n');

const times = (pattern: RegExp): number => [...code.matchAll(pattern)].length;
const literal = (name: string): string => `'${name.replaceAll('.', '\\.')}'`;

describe('the points of the statements', () => {
  it('are named once each', () => expect(new Set(POINTS).size).toBe(POINTS.length));

  it.each(STATEMENTS)('%s stands at one place in the code', (point) => {
    expect(times(new RegExp(literal(point), 'g'))).toBe(1);
  });

  it.each(TRANSACTIONS)('the transaction %s stands at one place in the code', (name) => {
    const begins = `\\b(?:fenced|inTransaction|withTransaction|inSnapshot)\\(\\s*(?:\\w+,\\s*)?${literal(name)}`;
    expect(times(new RegExp(begins, 'g'))).toBe(1);
  });
});
