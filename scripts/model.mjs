import './bootstrap/node-version.mjs';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { seconds } from './bootstrap/install.mjs';
import { interruptCommands } from './commands.mjs';
import { makeHome, withLock } from './files.mjs';
import { runMain, say } from './messages.mjs';
import { explain, search } from './model/search.mjs';
import { obtainTools } from './model/tools.mjs';
import { homeFolder } from './project.mjs';

// npm run model: Spin searches every state of model/batch.pml; then each mutant, which lacks one fence, must fail.

// Corners of what may happen: many faults, and many verbs; all of both at once is too much for a minute.
const SEARCHES = [
  { name: 'safety: 2 faults, 1 verb', kind: 'safety', defines: ['-DFAULTS=2', '-DVERBS=1'] },
  { name: 'safety: 1 fault, 3 verbs', kind: 'safety', defines: ['-DFAULTS=1', '-DVERBS=3'] },
  { name: 'liveness: 1 fault, 2 verbs', kind: 'liveness', defines: ['-DFAULTS=1', '-DVERBS=2'] },
];
const MUTANTS = [
  ['NO_FENCE', 'the token is not checked'],
  ['NO_LOCK', 'the token is checked without the lock'],
  ['ANSWER_LOST', 'a load does not ask whether it is done'],
  ['STAGE_EMPTIED', 'outcomes are not compared with source'],
].map(([define, what]) => ({
  name: `mutant ${define}: ${what}`,
  kind: 'mutant',
  defines: [`-D${define}`, '-DFAULTS=1', '-DVERBS=1'],
}));
const LANES = 2; // at the same time: within 2 GB

await runMain(async () => {
  const started = Date.now();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interruptCommands);
  const home = makeHome(homeFolder());
  const tools = await obtainTools(home);
  return withLock(join(home, 'model.lock'), 'the model', async () => {
    rmSync(join(home, 'model'), { recursive: true, force: true });
    const waiting = [...SEARCHES, ...MUTANTS];
    const wrong = [];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const good = await searchAndTell(tools, join(home, 'model'), next);
        if (!good) wrong.push(next.name);
      }
    };
    await Promise.all(Array.from({ length: LANES }, work));
    if (wrong.length > 0) {
      say(`\nNot as it must be: ${wrong.join('; ')}. Took ${seconds(started)}.`);
      return 1;
    }
    say(
      `\nThe model passes ${SEARCHES.length} searches, its ${MUTANTS.length} mutants fail. Took ${seconds(started)}.`,
    );
    return 0;
  });
});

async function searchAndTell(tools, home, { name, kind, defines }) {
  const folder = join(home, defines.join('').replaceAll('-D', '-').slice(1));
  const found = await search(tools, folder, defines, kind);
  const figures = `${found.states.toLocaleString('en')} states, depth ${found.depth}, ${found.took}`;
  say(`${found.passes ? 'passes' : 'fails '}  ${name.padEnd(62)} ${figures}`);
  if (!found.passes) say(await explain(tools, found));
  return kind === 'mutant' ? found.violates : found.passes;
}
