import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { bundlePath, buildBundle } from '../../worker/build-bundle';
import { modulesOf } from '../support/bundle';

const ROOT = join(__dirname, '..', '..');

let folder: string;
beforeAll(() => {
  // Below the project, so that an import is found as it would be in workflows/.
  mkdirSync(join(ROOT, '.carryover'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.carryover', 'bundle-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a workflow of these lines. */
async function bundle(lines: string): Promise<string> {
  const file = join(folder, 'wrong.ts');
  writeFileSync(file, lines);
  const { code } = await bundleWorkflowCode({ workflowsPath: file, logger: new DefaultLogger('ERROR') });
  return code;
}

describe('the workflow bundle', () => {
  let modules: string[];
  beforeAll(async () => {
    const dist = join(folder, 'dist');
    mkdirSync(dist);
    writeFileSync(join(dist, 'workflows.ts'), "export * from '../../../workflows';\n");
    expect(await buildBundle(dist)).toBe(bundlePath(dist));
    modules = modulesOf(readFileSync(bundlePath(dist), 'utf8'));
  });

  it('holds the workflow, so that what follows says something', () => {
    expect(modules).toEqual(expect.arrayContaining(['./workflows/migrate.ts', './shared/errors.ts']));
  });

  it('takes of the project workflows/ and shared/ alone', () => {
    const own = modules.filter((name) => name.startsWith('./') && !name.includes('node_modules'));
    expect(own.filter((name) => !/^\.\/(workflows|shared)\//.test(name) && !name.includes('bundle-test-'))).toEqual([]);
  });

  it('takes of others what Temporal needs alone: no driver, no connection', () => {
    const packages = modules.flatMap((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? []);
    expect([...new Set(packages)].sort()).toEqual([
      '@temporalio/common',
      '@temporalio/workflow',
      'long',
      'ms',
      'nexus-rpc',
    ]);
  });

  it('takes nothing of Node', () => {
    const node = modules.filter((name) => builtinModules.includes(name.replace(/^node:|^external "|"$/g, '')));
    expect(node).toEqual([]);
  });
});

describe('a workflow that takes what it must not', () => {
  it('cannot be bundled', async () => {
    const lines = "import { Client } from 'pg';\nexport const wrong = async () => new Client();";
    const failure = await bundle(lines).then(
      () => 'it was bundled',
      (error: unknown) => (error as Error).message,
    );
    expect(failure).toContain('is importing the following disallowed modules');
    for (const module of ['net', 'tls', 'crypto']) expect(failure).toContain(`'${module}'`);
  });

  it('would be seen by the names of its modules, where the bundler lets it pass', async () => {
    const code = await bundle(
      "import { REASONS } from '../../shared/reasons';\nimport { quoteMy } from '../../database/source/quote';\n" +
        'export const wrong = async () => REASONS.map(quoteMy);',
    );
    expect(modulesOf(code)).toContain('./database/source/quote.ts');
  });
});
