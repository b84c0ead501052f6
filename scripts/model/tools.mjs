import { findCommand } from '../commands.mjs';
import { Failure, say } from '../messages.mjs';
import { aptInstall, aptProblem } from '../servers/apt.mjs';

const PACKAGES = { spin: ['spin'], cc: ['gcc', 'libc6-dev'] };

const find = () => ({ spin: findCommand(['spin']), cc: findCommand(['cc', 'gcc', 'clang']) });

/** Spin and a C compiler: those on PATH, else from Debian's packages. */
export async function obtainTools(home) {
  const missing = Object.entries(find()).flatMap(([name, command]) => (command === undefined ? [name] : []));
  if (missing.length > 0) {
    const names = `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not on PATH`;
    const problem = aptProblem();
    if (problem) throw new Failure(howToInstall(names, problem));
    const packages = missing.flatMap((name) => PACKAGES[name]);
    say(`${names}; apt-get install ${packages.join(' ')} ...`);
    await aptInstall(home, packages);
  }
  const tools = find();
  if (!tools.spin || !tools.cc) throw new Failure('apt-get installed spin and gcc, but they are not on PATH.');
  return tools;
}

export const howToInstall = (names, problem) =>
  `${names}\n  and cannot be installed here: ${problem}.\n` +
  'Install Spin 6.5 and a C compiler (Debian, Ubuntu: `sudo apt-get install spin gcc libc6-dev`; macOS: ' +
  '`brew install spin`; elsewhere: https://spinroot.com), then run `npm run model` again.';
