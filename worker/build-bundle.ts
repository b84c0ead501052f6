/** Builds the workflow bundle ahead of time: bundling inside the worker would be its peak of memory. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

/** Where the build leaves the bundle, and the worker finds it. */
export const bundlePath = (dist: string): string => join(dist, 'workflow-bundle.js');

export async function buildBundle(dist: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve(join(dist, 'workflows')),
    logger: new DefaultLogger('WARN'),
  });
  const path = bundlePath(dist);
  await writeFile(path, code);
  return path;
}

if (require.main === module) {
  buildBundle(join(__dirname, '..')).catch((error: unknown) => {
    console.error('The workflow bundle cannot be built:', error);
    process.exitCode = 1;
  });
}
