import { join } from 'node:path';
import { runChaos } from './chaos/session';
import { newHome } from '../support/servers';

const SEED = 1;
/** Among them a poisoned batch, verbs on it, ways cut, stage tables gone, resets, a workflow terminated, a server killed. */
const RUNS = [6, 9, 15, 26];

it('chaos: whatever befalls a run, it ends proven, and as one that nothing befell', async () => {
  const home = newHome();
  const results = await runChaos({
    seed: SEED,
    runs: RUNS,
    patience: 120_000,
    lanes: 4,
    homes: [home],
    keep: join(home, 'kept'),
    say: () => undefined,
  });
  const problems = results.flatMap((each) => each.problems.map((problem) => `run ${each.plan.run}: ${problem}`));
  expect(problems).toEqual([]);
  expect(results.map(({ plan }) => plan.run).sort()).toEqual([...RUNS].sort());
  for (const { snapshots } of results) expect(snapshots).toBeGreaterThan(20);
}, 420_000);
