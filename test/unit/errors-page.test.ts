/** docs/errors.md has every class and every code of the tables, and no other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TimeoutType } from '@temporalio/common';
import { MYSQL_RULES, NETWORK_RULES, POSTGRES_RULES, WORD_RULES } from '../../database/sql-error-rules';
import type { Rule } from '../../database/sql-error-rules';
import { ERROR_CLASSES, attemptsOf } from '../../shared/errors';
import type { ErrorClass } from '../../shared/errors';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'errors.md'), 'utf8');

/** The rows of the one table under a heading, cell by cell. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/errors.md has no heading "${heading}"`);
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => line.slice(2, -2).split(' | '));
}

const TRIED: Readonly<Record<number, string>> = { 1: 'once', [Infinity]: 'until it is back' };

/** A rule as the page has it. */
const rowOf = ({ codes, becomes, means, next }: Rule): string[] => [
  codes.map((code) => `\`${code}\``).join(' '),
  becomes === 'Unavailable' ? '`SourceUnavailable`, `TargetUnavailable`' : `\`${becomes}\``,
  means,
  next.replaceAll('{setting}', 'the URL'),
];

describe('docs/errors.md', () => {
  it('has each class once, with how often it is tried, what it means, what happens and what to do', () => {
    const rows = rowsUnder('Classes');
    expect(rows.map(([name]) => name)).toEqual(Object.keys(ERROR_CLASSES).map((name) => `\`${name}\``));
    for (const row of rows) {
      expect(row).toHaveLength(5);
      for (const cell of row) expect(cell.trim()).not.toBe('');
      const attempts = attemptsOf(row[0]!.replaceAll('`', '') as ErrorClass);
      expect([row[0], row[2]]).toEqual([row[0], TRIED[attempts] ?? `${attempts} times`]);
    }
  });

  it.each([
    ['PostgreSQL, by SQLSTATE', POSTGRES_RULES],
    ['MySQL and MariaDB, by number', MYSQL_RULES],
    ['Network, TLS and drivers, by code', NETWORK_RULES],
    ['Drivers, by how their words begin', WORD_RULES],
  ])('has the codes of: %s', (heading, rules) => expect(rowsUnder(heading)).toEqual(rules.map(rowOf)));

  it("has each of Temporal's time-outs", () => {
    const named = rowsUnder("Temporal's own failures").map(([name]) => name!);
    // The enumeration also has names of old, without a value or with the same.
    const types = [...new Set(Object.values(TimeoutType))].filter((type) => type !== undefined);
    expect(types).toHaveLength(4);
    for (const type of types) expect(named).toContain(`\`${type}\``);
  });
});

describe('the tables', () => {
  it('list no code twice', () => {
    for (const rules of [[...POSTGRES_RULES], [...MYSQL_RULES, ...NETWORK_RULES], [...WORD_RULES]]) {
      const codes = rules.flatMap((rule) => rule.codes);
      expect(codes).toEqual([...new Set(codes)]);
    }
  });
});
