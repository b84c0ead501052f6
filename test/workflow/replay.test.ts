import { readFileSync, readdirSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { changedBundle, workflowBundle } from '../support/bundle';
import { readHistories } from '../support/histories';
import { installLogger, scheduledActivities } from '../support/temporal';
import type { History } from '../support/temporal';

const FOLDER = join(__dirname, '..', 'histories');
const recorded = readHistories();
beforeAll(() => installLogger());

type Bundle = { codePath: string } | { code: string };
const replay = (workflowBundle: Bundle, history: History) =>
  Worker.runReplayHistory({ workflowBundle }, history, 'replayed');

const ofType = (name: string, of: string): History => {
  const { histories } = recorded.find((each) => each.name === name)!;
  expect(histories).toHaveLength(1);
  expect(scheduledActivities(histories[0]!).map(({ type }) => type)).toContain(of);
  return histories[0]!;
};

describe('recorded histories', () => {
  it('are there for every kind of run', () => {
    expect(
      recorded.map(({ name, histories }) => `${name}: ${histories.length > 2 ? 'chain' : histories.length}`),
    ).toEqual([
      'abandoned: 1',
      'cancelled: 1',
      'continued: chain',
      'forecast: 1',
      'not-proven: 1',
      'nothing-to-do: 1',
      'parked-and-retried: 1',
      'paused-and-resumed: 1',
      'plain: 1',
      're-synced-before-0026: 1',
      're-synced: 1',
      'repaired: 1',
      'resumed: 1',
      'skipped: 1',
      'verified: 1',
    ]);
  });

  it.each([
    ['plain', 'validate'],
    ['parked-and-retried', 'park'],
    ['parked-and-retried', 'decide'],
    ['skipped', 'decide'],
    ['paused-and-resumed', 'decide'],
    ['cancelled', 'release'],
    ['abandoned', 'abandon'],
    ['not-proven', 'report'],
    ['plain', 'verifyCheck'],
    ['verified', 'verifyRange'],
    ['repaired', 'plan'],
    ['forecast', 'forecastBatches'],
    ['forecast', 'endForecast'],
    ['re-synced', 'takeFound'],
  ])('%s has the activity %s', (name, activity) => {
    ofType(name, activity);
  });

  it.each(recorded.flatMap(({ name, histories }) => histories.map((history, at) => [name, at + 1, history] as const)))(
    '%s, history %i, replays',
    async (_name, _number, history) => {
      await replay(await workflowBundle(), history);
    },
  );

  it('say nothing of the machine that recorded them', () => {
    for (const file of readdirSync(FOLDER)) {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      for (const own of [hostname(), `/${userInfo().username}/`, '/tmp/', '.ts:']) expect(text).not.toContain(own);
      expect(text).not.toMatch(/\d+@/);
      expect(text.length).toBeLessThan(300_000);
    }
  });
});

describe('a changed workflow', () => {
  it('that takes the steps of a batch in another order is seen by the replay', async () => {
    const bundle = await changedBundle('workflows/run-batch.ts', (text) =>
      text.replace(`'mapCases', 'mapActors', 'transform'`, `'mapActors', 'mapCases', 'transform'`),
    );
    await expect(replay(bundle, ofType('plain', 'transform'))).rejects.toThrow(DeterminismViolationError);
    // An abandoned run has no steps: nothing of it has changed.
    await replay(bundle, ofType('abandoned', 'abandon'));
  });

  it('that has re-syncs which are open compare by one more check is seen by the replay', async () => {
    const bundle = await changedBundle('workflows/compare.ts', (text) =>
      text.replace(`patched('the-ledger-names-rows')`, 'true'),
    );
    await expect(replay(bundle, ofType('re-synced-before-0026', 'takeFound'))).rejects.toThrow(
      DeterminismViolationError,
    );
  });

  it('that asks the ledger once more at its end is seen by the replay', async () => {
    const bundle = await changedBundle('workflows/carry-batches.ts', (text) =>
      text.replace('if (!progress.isHeldUp) return;', 'if (!progress.isHeldUp) return void (await ask());'),
    );
    await expect(replay(bundle, ofType('plain', 'finish'))).rejects.toThrow(DeterminismViolationError);
  });
});
