import { builtinModules } from 'node:module';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

// Two colours: workflows/ and shared/ are sandbox code, all else is Node. SQL and drivers live in database/ only.
// Options of one rule replace each other per file group, they do not merge: each group lists all of its bans.
const only = (group, message) => ({ group, message, allowTypeImports: true });
const folder = (...names) => names.flatMap((name) => [`**/${name}`, `**/${name}/**`]);
const DRIVERS = ['pg', 'pg-*', 'knex', 'mysql2', 'mysql2/**'];
const drivers = { group: DRIVERS, message: 'Only database/ opens connections.' };
const without = (...names) => DRIVERS.filter((name) => !names.includes(name));
const pointless = { group: DRIVERS, message: 'Statements go through a session, each by its point.' };
const nodeModules = builtinModules.map((name) => ({ name, message: 'Sandbox code cannot use Node.' }));
const nodePrefix = { group: ['node:*', 'node:*/**'], message: 'Sandbox code cannot use Node.' };
const nodeSide = only(
  folder('activities', 'database', 'mappings', 'config', 'worker', 'cli', 'report', 'sample'),
  'Sandbox code takes types only from the Node side.',
);
const forbid = (patterns, paths = []) => ({
  '@typescript-eslint/no-restricted-imports': ['error', { patterns, paths }],
});
// What the rule above does not see.
const DRIVER_NAME = '/^(pg|pg-.*|knex|mysql2)(\\u002F|$)/';
const hiddenDriver = (selector) => ({ selector, message: 'A driver is imported at the top, by a session file alone.' });
const noHiddenDrivers = {
  'no-restricted-syntax': [
    'error',
    hiddenDriver(`ImportExpression[source.value=${DRIVER_NAME}]`),
    hiddenDriver("ImportExpression[source.type!='Literal']"),
  ],
};
// What proves must not repeat an error of what wrote.
const WRITERS = ['expressions', 'transform', 'references', 'load', 'write-rows', 'isolate', 'extract', 'stage'];
const writers = {
  group: WRITERS.map((name) => `**/target/${name}`),
  message: 'Verification shares the mapping with what wrote, and nothing else.',
};
const noForward = {
  'no-restricted-syntax': [
    ...noHiddenDrivers['no-restricted-syntax'],
    {
      selector: "MemberExpression[property.name='toTarget']",
      message: 'Verification reads back; it never converts forward.',
    },
  ],
};
const noEnvironment = {
  'no-restricted-properties': [
    'error',
    { object: 'process', property: 'env', message: 'Settings are read once, by loadConfig in a main file.' },
  ],
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.carryover/', 'reports/', 'coverage/', 'screenshots/'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 300 }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      ...forbid([drivers]),
      ...noHiddenDrivers,
      ...noEnvironment,
    },
  },
  { files: ['workflows/**/*.ts', 'shared/**/*.ts'], rules: forbid([drivers, nodePrefix, nodeSide], nodeModules) },
  {
    files: ['mappings/**/*.ts'],
    rules: forbid([
      drivers,
      only(folder('activities', 'database', 'workflows', 'worker', 'cli', 'config'), 'Mappings are data.'),
    ]),
  },
  {
    files: ['activities/**/*.ts'],
    rules: forbid([
      drivers,
      only(folder('database', 'workflows', 'worker', 'cli', 'config'), 'Activities receive what they use.'),
    ]),
  },
  {
    files: ['report/**/*.ts'],
    rules: forbid([
      drivers,
      only(folder('activities', 'database', 'workflows', 'worker', 'cli', 'config'), 'Reports are pure.'),
    ]),
  },
  { files: ['database/**/*.ts'], rules: forbid([pointless]) },
  { files: ['database/verify/**/*.ts'], rules: { ...forbid([pointless, writers]), ...noForward } },
  // The schema changes have a tool of their own, which only its installer starts.
  { files: ['database/schema/*.ts'], rules: forbid([{ ...pointless, allowTypeImports: true }]) },
  { files: ['database/schema/install.ts'], rules: forbid([{ ...pointless, group: without('knex') }]) },
  { files: ['database/source/{open-source,session}.ts'], rules: forbid([{ ...pointless, group: without('mysql2') }]) },
  {
    files: ['database/target/{open-target,session}.ts'],
    rules: forbid([{ ...pointless, group: without('pg', 'pg-*') }]),
  },
  {
    files: ['test/**/*.ts', 'sample/**/*.ts', 'bench/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off', 'no-restricted-syntax': 'off' },
  },
  { files: ['**/main.ts', 'test/**/*.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['scripts/**/*.mjs', 'test/**/*.mjs', '*.js', '*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
      },
    },
    rules: { 'max-lines': ['error', { max: 300 }] },
  },
);
