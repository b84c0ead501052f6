/** `npm run model`: the model passes, and each mutant that lacks a fence fails. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { expectCode, runScript } from '../support/scripts';
import { newHome } from '../support/servers';

const missing = ['spin', 'cc'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
if (missing.length > 0) console.warn(`not on PATH: ${missing.join(' and ')}: the search of the model is skipped.`);

/** A search takes a quarter of a minute on two cores that have nothing else to do. */
const PATIENCE = 300_000;

describe('npm run model', () => {
  const home = newHome();
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  (missing.length > 0 ? it.skip : it)(
    'passes, and each mutant fails',
    async () => {
      const outcome = await runScript('model.mjs', home);
      expectCode(outcome, 0);
      expect(outcome.text.match(/^passes {2}.*[\d,]+ states, depth \d+, [\d.]+ s$/gm)).toHaveLength(3);
      expect(outcome.text.match(/^fails {3}mutant \w+: .*\n {8}assert\(/gm)).toHaveLength(4);
      expect(outcome.text).toMatch(/^The model passes 3 searches, its 4 mutants fail\. Took/m);
    },
    PATIENCE,
  );
});
