import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonIfThere, writePrivate } from '../files.mjs';
import { endGroup, identify, isAlive } from '../processes.mjs';

// A demo writes down what it starts: it may be killed and then stops nothing itself. With `--keep` the worker stays on
// purpose. Either way the next demo, or `npm run down`, finds it here.
const fileOf = (home) => join(home, 'demo-processes.json');

/** Writes down a process of the demo: the leader of a process group. */
export function remember(home, name, pid) {
  const identity = identify(pid);
  if (!identity) return; // it has ended already
  const others = (readJsonIfThere(fileOf(home)) ?? []).filter(isAlive);
  writePrivate(fileOf(home), JSON.stringify([...others, { name, ...identity }], null, 2));
}

/** Ends what earlier demos left. Returns the names of what was still there. */
export async function endLeftovers(home) {
  const file = fileOf(home);
  const left = (readJsonIfThere(file) ?? []).filter(isAlive);
  await Promise.all(
    left.map((identity) =>
      endGroup(identity, [
        ['SIGTERM', 10_000],
        ['SIGKILL', 5_000],
      ]),
    ),
  );
  if (existsSync(file)) rmSync(file);
  return left.map(({ name }) => name);
}
