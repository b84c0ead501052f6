/** docs/runbook.md treats every class of error, every cause of parking and every verb, itself or in docs/errors.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CLASSES } from '../../shared/errors';
import { VERBS } from '../../shared/names';

const read = (page: string): string => readFileSync(join(__dirname, '..', '..', 'docs', page), 'utf8');
const runbook = read('runbook.md');

/** The rows of the table under a heading, without its head. */
function rowsUnder(page: string, heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`there is no heading "${heading}"`);
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2);
}

const classes = rowsUnder(read('errors.md'), 'Classes').map((row) => row.slice(2, -2).split(' | '));

describe('docs/runbook.md', () => {
  it('treats each class of error, or links the page that does', () => {
    expect(runbook).toContain('](errors.md)');
    const treated = classes.map(([name]) => name);
    const missing = Object.keys(ERROR_CLASSES).filter(
      (name) => !treated.includes(`\`${name}\``) && !runbook.includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });

  it('has an answer to each cause of parking', () => {
    const rows = rowsUnder(runbook, 'Why a batch is parked');
    const parking = classes.filter(([, , , then]) => /parked/.test(then!)).map(([name]) => name!);
    expect(parking.length).toBeGreaterThan(5);
    expect(parking.filter((name) => !rows.some((row) => row.includes(`| ${name} |`)))).toEqual([]);
    expect(rows.filter((row) => row.startsWith('| "difference: '))).toHaveLength(1);
  });

  it('has both ways for each verb', () => {
    const rows = rowsUnder(runbook, 'What a person can do');
    const ways = (verb: string): RegExp =>
      new RegExp(`\`${verb}\`.*\`carryover ${verb.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)} `);
    expect(VERBS.filter((verb) => !rows.some((row) => ways(verb).test(row)))).toEqual([]);
  });
});
