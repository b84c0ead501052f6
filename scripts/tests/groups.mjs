import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { remember } from '../demo/leftovers.mjs';
import { readJsonIfThere } from '../files.mjs';
import { say } from '../messages.mjs';
import { ROOT } from '../project.mjs';
import { runNode } from './children.mjs';

const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

/** Runs one group of tests; counts come from jest's own result file. */
export async function runGroup(group, more, servers, stop) {
  say(`\n== ${group}`);
  const folder = mkdtempSync(join(tmpdir(), 'carryover-jest-'));
  const results = join(folder, 'results.json');
  try {
    // On two cores jest would take one: but tests wait for servers more than they compute.
    const workers = Math.max(2, availableParallelism() - 1);
    const options = ['--passWithNoTests', `--maxWorkers=${workers}`, '--json', `--outputFile=${results}`];
    const args = [JEST, '--selectProjects', group, ...options, ...more];
    const env = { ...process.env, ...(servers ? { CARRYOVER_TEST_HOME: servers.home } : {}) };
    // Written down with the servers: should we be killed, the next run ends this jest as well.
    const started = (pid) => servers && remember(servers.home, 'jest', pid);
    const { code } = await runNode(args, { stop, env, show: true, started });
    return count(group, code, readJsonIfThere(results));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that cannot even be loaded holds no failed test, but is a failure; so is a jest that ends without a result. */
export function count(name, code, results) {
  if (!results) return { name, passed: 0, failed: 1, note: `jest ended without a result (${code})` };
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    name,
    passed: results.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
    failures: results.testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
    ),
  };
}
