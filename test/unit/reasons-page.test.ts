/** docs/reasons.md has a section for each reason, in their order, each with all that an operator needs; and no other reason. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REMEDIES } from '../../report/remedies';
import { REASONS } from '../../shared/reasons';

const read = (page: string): string => readFileSync(join(__dirname, '..', '..', page), 'utf8');
const page = read('docs/reasons.md');
const sections = page.split(/^## /m).slice(1);
const sectionOf = (reason: string): string => sections.find((section) => section.startsWith(`\`${reason}\`\n`)) ?? '';

describe('docs/reasons.md', () => {
  it('has a section for each reason that there is, in their order, and for no other', () => {
    const named = sections.flatMap((section) => /^`(\w+)`\n/.exec(section)?.[1] ?? []);
    expect(named).toEqual([...REASONS]);
  });

  it.each(REASONS)(
    'says of %s what it means, what was checked, what to do, whether replay takes it, and an example',
    (reason) => {
      const section = sectionOf(reason);
      for (const part of ['**Means.** ', '**Checked.** ', '**Answer.** ', '**Replay takes it:** ', '**Example.** ']) {
        expect(section.split(part)).toHaveLength(2);
      }
      // The command that comes then.
      expect(section).toMatch(new RegExp(`\`carryover replay [a-z-]+ --reason ${reason} --wait\``));
    },
  );

  it('says why a key cannot be there twice, and where it shows', () => {
    expect(page).toContain('no reason `key_duplicate`');
  });

  it('is where the other pages lead to', () => {
    for (const other of ['README.md', 'docs/runbook.md', 'docs/findings.md', 'docs/report.md']) {
      expect(read(other)).toMatch(/\]\((docs\/)?reasons\.md\)/);
    }
    expect(Object.keys(REMEDIES).sort()).toEqual([...REASONS].sort());
  });
});
