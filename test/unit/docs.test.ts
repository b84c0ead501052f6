import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve, dirname } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'model/README.md',
  ...markdownIn('docs'),
  ...markdownIn('docs/decisions'),
];
const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

describe.each(pages)('%s', (page) => {
  it('names files and folders that exist', () => {
    const folders =
      'activities|bench|cli|database|docs|mappings|model|report|sample|scripts|shared|test|worker|workflows';
    const named = [...textOf(page).matchAll(new RegExp(`\`((?:${folders})/[\\w./-]*)\``, 'g'))].map(
      ([, path]) => path!,
    );
    // What a command writes is named in the docs and not in the repository.
    const written = /^bench\/results\/(NAME|local)/;
    expect(named.filter((path) => !written.test(path) && !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('links to pages that exist', () => {
    const links = [...textOf(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) => link!);
    expect(links.filter((link) => !existsSync(resolve(dirname(join(ROOT, page)), link)))).toEqual([]);
  });

  it('names npm scripts that there are', () => {
    const named = [...textOf(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});
