/** The workflow bundle for tests: made once per state of the workflows, and shared by all test files. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
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
    const code = await bundleCode(join(ROOT, 'workflows', 'index.ts'));
    const draft = `${codePath}.${process.pid}`;
    writeFileSync(draft, code);
    renameSync(draft, codePath); // whole or not at all: another test file may look at the same moment
  }
  return { codePath };
}

/**
 * A bundle of workflows that are not quite those of the project.
 *
 * @param file below `workflows/` or `shared/`
 * @param change from its text to the one that it is to have
 */
export async function changedBundle(file: string, change: (text: string) => string): Promise<{ code: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'carryover-bundle-'));
  try {
    for (const name of ['workflows', 'shared']) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(folder, 'node_modules'));
    const text = readFileSync(join(folder, file), 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`${file} has nothing to change any more`);
    writeFileSync(join(folder, file), changed);
    return { code: await bundleCode(join(folder, 'workflows', 'index.ts')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundleCode(workflowsPath: string): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  return code;
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
