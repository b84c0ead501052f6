/** The workflow bundle for tests: made once per state of the workflows, and shared by all test files. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { testHome } from './servers';

const ROOT = join(__dirname, '..', '..');

/** Names of the modules in a bundle, relative to the project. */
export function modulesOf(code: string): string[] {
  return [...code.matchAll(/^\/\*{3}\/ "([^"]+)"/gm)].map(([, name]) => name!);
}

/** The path of the bundle, in the home of this run's servers, which their end removes. */
export async function workflowBundle(): Promise<{ codePath: string }> {
  const folder = join(testHome(), 'bundles');
  const codePath = join(folder, `${fingerprint()}.js`);
  if (!existsSync(codePath)) {
    mkdirSync(folder, { recursive: true });
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(ROOT, 'workflows', 'index.ts'),
      logger: new DefaultLogger('WARN'),
    });
    const draft = `${codePath}.${process.pid}`;
    writeFileSync(draft, code);
    renameSync(draft, codePath); // whole or not at all: another test file may look at the same moment
  }
  return { codePath };
}

/** Changes with every file that the bundle is made of. */
function fingerprint(): string {
  const sum = createHash('sha256');
  for (const folder of ['workflows', 'shared']) {
    for (const name of readdirSync(join(ROOT, folder)).sort()) {
      sum.update(`${folder}/${name}\n`).update(readFileSync(join(ROOT, folder, name)));
    }
  }
  return sum.digest('hex').slice(0, 16);
}
