import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/**
 * Lints texts as if they were files of the project, by the project's own settings. A Node of its own runs ESLint, whose
 * settings are an ES module; rules that need types are off, since the files are in no program.
 */
const SCRIPT = `
  import { ESLint } from 'eslint';
  import tseslint from 'typescript-eslint';
  import { readFileSync } from 'node:fs';
  const eslint = new ESLint({ cwd: process.cwd(), overrideConfig: [tseslint.configs.disableTypeChecked] });
  const results = [];
  for (const { file, code } of JSON.parse(readFileSync(0, 'utf8'))) {
    const [result] = await eslint.lintText(code, { filePath: file });
    results.push(result.messages.map(({ ruleId, message }) => (ruleId ?? 'fatal') + ': ' + message));
  }
  process.stdout.write(JSON.stringify(results));
`;

function lint(snippets: readonly { file: string; code: string }[]): string[][] {
  const input = JSON.stringify(snippets);
  const args = ['--input-type=module', '-e', SCRIPT];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, input, encoding: 'utf8' })) as string[][];
}

const IMPORTS = /no-restricted-imports/;
const PG = `import { Client } from 'pg';\nexport const client = new Client();\n`;
const value = (from: string): string => `import { thing } from '${from}';\nexport const mine = thing;\n`;
const types = (from: string): string => `import type { Thing } from '${from}';\nexport type Mine = Thing;\n`;

/** file, import, what is said about it. */
const refused: [file: string, code: string, words: string][] = [
  ['workflows/x.ts', PG, 'Only database/ opens connections.'],
  ['workflows/x.ts', value('mysql2/promise'), 'Only database/ opens connections.'],
  ['workflows/x.ts', value('knex'), 'Only database/ opens connections.'],
  ['workflows/x.ts', value('pg-copy-streams'), 'Only database/ opens connections.'],
  ['workflows/x.ts', value('node:crypto'), 'Sandbox code cannot use Node.'],
  ['workflows/x.ts', value('node:fs/promises'), 'Sandbox code cannot use Node.'],
  ['workflows/x.ts', value('fs'), 'Sandbox code cannot use Node.'],
  ['workflows/deeper/x.ts', value('../../database/sql-errors'), 'Sandbox code takes types only'],
  ['workflows/x.ts', value('../activities'), 'Sandbox code takes types only'],
  ['workflows/x.ts', value('../mappings/catalog'), 'Sandbox code takes types only'],
  ['workflows/x.ts', value('../config'), 'Sandbox code takes types only'],
  ['shared/x.ts', PG, 'Only database/ opens connections.'],
  ['shared/x.ts', value('node:crypto'), 'Sandbox code cannot use Node.'],
  ['shared/x.ts', value('../database/sql-errors'), 'Sandbox code takes types only'],
  ['activities/x.ts', PG, 'Only database/ opens connections.'],
  ['activities/x.ts', value('../database/ledger/batches'), 'Activities receive what they use.'],
  ['activities/x.ts', value('../workflows'), 'Activities receive what they use.'],
  ['activities/x.ts', value('../config'), 'Activities receive what they use.'],
  ['mappings/x.ts', PG, 'Only database/ opens connections.'],
  ['mappings/x.ts', value('../database/converters'), 'Mappings are data.'],
  ['report/x.ts', PG, 'Only database/ opens connections.'],
  ['report/x.ts', value('../database/report/read'), 'Reports are pure.'],
  ['report/x.ts', value('../config'), 'Reports are pure.'],
  ['cli/x.ts', PG, 'Only database/ opens connections.'],
  ['worker/x.ts', PG, 'Only database/ opens connections.'],
  ['worker/x.ts', types('pg'), 'Only database/ opens connections.'],
  ['database/x.ts', PG, 'each by its point'],
  ['database/x.ts', types('pg'), 'each by its point'],
  ['database/x.ts', value('mysql2/promise'), 'each by its point'],
  ['database/ledger/x.ts', value('pg-copy-streams'), 'each by its point'],
  ['database/source/x.ts', types('mysql2'), 'each by its point'],
  ['database/target/open-target.ts', value('mysql2'), 'each by its point'],
  ['database/source/open-source.ts', PG, 'each by its point'],
  ['database/schema/install.ts', PG, 'each by its point'],
  ['database/schema/0002-x.ts', value('knex'), 'each by its point'],
  ['database/verify/x.ts', value('../target/expressions'), 'Verification shares the mapping with what wrote'],
  ['database/verify/x.ts', value('../target/transform'), 'Verification shares the mapping with what wrote'],
  ['database/verify/x.ts', PG, 'each by its point'],
];

const hidden: [file: string, code: string][] = [
  ['database/x.ts', "export const driver = await import('pg');\n"],
  ['database/x.ts', "export const driver = await import('mysql2/promise');\n"],
  ['worker/x.ts', "export const driver = await import('pg-copy-streams');\n"],
  ['database/x.ts', "const name = 'p' + 'g';\nexport const driver = await import(name);\n"],
];

const allowed: [file: string, code: string][] = [
  ['workflows/x.ts', types('../activities')],
  ['workflows/x.ts', value('../shared/errors')],
  ['workflows/x.ts', value('@temporalio/workflow')],
  ['activities/x.ts', types('../database/ledger/batches')],
  ['activities/x.ts', value('../shared/errors')],
  ['activities/x.ts', value('node:crypto')],
  ['database/target/open-target.ts', PG],
  ['database/target/session.ts', value('pg-copy-streams')],
  ['database/source/open-source.ts', value('mysql2')],
  ['database/source/session.ts', types('mysql2')],
  ['database/schema/install.ts', value('knex')],
  ['database/schema/0002-x.ts', types('knex')],
  ['worker/x.ts', value('../database/ledger/batches')],
  ['worker/x.ts', "export const later = await import('node:fs');\n"],
];

const readsEnvironment = 'export const home = process.env.HOME;\n';
const environments: [file: string, code: string, refused: boolean][] = [
  ...['workflows', 'shared', 'activities', 'database', 'mappings', 'report', 'worker', 'cli', 'sample'].map(
    (folder): [string, string, boolean] => [`${folder}/x.ts`, readsEnvironment, true],
  ),
  ['config.ts', readsEnvironment, true],
  ['cli/x.ts', 'const { env } = process;\nexport const home = env.HOME;\n', true],
  ['worker/main.ts', readsEnvironment, false],
  ['cli/main.ts', readsEnvironment, false],
];

describe('the import boundaries that lint keeps', () => {
  let results: string[][];
  const all = [...refused, ...allowed, ...environments, ...hidden].map(([file, code]) => ({ file, code }));
  beforeAll(() => (results = lint(all)));
  const said = (index: number): string[] => results[index]!;

  it.each(refused.map(([file, code, words], index) => ({ file, from: code.split('\n')[0], words, index })))(
    '$file refuses $from',
    ({ words, index }) => {
      const messages = said(index).filter((message) => IMPORTS.test(message));
      expect(messages.join('\n')).toContain(words);
    },
  );

  it.each(allowed.map(([file, code], index) => ({ file, from: code.split('\n')[0], index })))(
    '$file takes $from',
    ({ index }) => {
      expect(said(refused.length + index)).toEqual([]);
    },
  );

  it.each(environments.map(([file, code, isRefused], index) => ({ file, code, isRefused, index })))(
    '$file reads the environment: refused $isRefused',
    ({ isRefused, index }) => {
      const messages = said(refused.length + allowed.length + index);
      const found = messages.filter((message) => message.startsWith('no-restricted-properties'));
      expect(found).toHaveLength(isRefused ? 1 : 0);
      expect(messages.filter((message) => message.startsWith('fatal'))).toEqual([]);
    },
  );

  it('database/verify/ refuses to convert forward', () => {
    const [messages] = lint([{ file: 'database/verify/x.ts', code: 'export const x = (f) => f.toTarget();\n' }]);
    expect(messages!.join()).toContain('it never converts forward');
  });

  it.each(hidden.map(([file, code], index) => ({ file, code, index })))(
    '$file refuses a driver that hides: $code',
    ({ index }) => {
      const messages = said(refused.length + allowed.length + environments.length + index);
      expect(messages).toEqual([expect.stringMatching(/^no-restricted-syntax: A driver is imported at the top/)]);
    },
  );
});
