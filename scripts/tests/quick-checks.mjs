import { join } from 'node:path';
import { seconds } from '../bootstrap/install.mjs';
import { build } from '../bootstrap/build.mjs';
import { Failure, say } from '../messages.mjs';
import { ROOT } from '../project.mjs';
import { runNode } from './children.mjs';

const TOOL = (name, ...path) => join(ROOT, 'node_modules', name, ...path);
const CHECKS = {
  format: [TOOL('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.'],
  lint: [TOOL('eslint', 'bin', 'eslint.js'), '--max-warnings=0', '.'],
  types: [TOOL('typescript', 'bin', 'tsc'), '--noEmit'],
};

/** Runs the checks that need no server, beside each other, and the build. All run, also after one has failed. */
export async function runQuickChecks(names, stop) {
  const checks = names.map((name) => runCheck(name, stop));
  const built = runBuild();
  return [...(await Promise.all(checks)), await built].filter(Boolean);
}

async function runCheck(name, stop) {
  const started = Date.now();
  const { code, text } = await runNode(CHECKS[name], { stop });
  const passed = code === 0;
  // Each check's text in one piece: they run at the same time.
  say(`${passed ? 'passed' : 'FAILED'}: ${name} (${seconds(started)})${passed ? '' : `\n${text.trimEnd()}`}`);
  return { name, passed: Number(passed), failed: Number(!passed) };
}

/** The end-to-end tests run what is in dist/. A build that works is not worth a line of its own in the totals. */
async function runBuild() {
  try {
    await build();
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say(`FAILED: build\n${error.message}`);
    return { name: 'build', passed: 0, failed: 1 };
  }
}
