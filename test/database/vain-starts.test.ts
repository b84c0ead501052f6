/** What `status` tells of starts that came to nothing: until one is taken, or has nothing to do. */
import { randomUUID } from 'node:crypto';
import { recordStart } from '../../database/ledger/starts';
import type { StartOutcome } from '../../database/ledger/starts';
import { readVainStarts } from '../../database/ledger/read-status';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ sample: { rows: 1 } });
});
beforeEach(() => engine.onTarget('TRUNCATE carryover.starts'));
afterAll(() => engine?.drop());

const start = (outcome: StartOutcome, schedule: string | null, workflow = 'w', migration = 'case-states') =>
  recordStart(
    engine.target,
    migration,
    { cluster: 'c', namespace: 'n', workflow, firstRun: 'f', currentRun: randomUUID(), schedule },
    outcome,
    null,
    'why',
  );

const told = async (migration = 'case-states'): Promise<string[]> =>
  ((await readVainStarts(engine.target, ['case-states', 'messages'])).get(migration) ?? []).map(
    ({ outcome, schedule, times }) => `${times} ${outcome} ${schedule ?? 'by hand'}`,
  );

it('counts each outcome by itself until a start is taken', async () => {
  await start('missed', 'nightly');
  await start('missed', 'nightly');
  await start('refused', null);
  await start('opened', 'nightly', 'w', 'messages');
  expect(await told()).toEqual(['2 missed nightly', '1 refused by hand']);
  await start('took_over', null);
  expect(await told()).toEqual([]);
});

it('counts those with nothing to do, which are over once one is taken', async () => {
  await start('nothing_to_do', 'replays');
  await start('nothing_to_do', 'replays');
  expect(await told()).toEqual(['2 nothing_to_do replays']);
  await start('opened', 'replays');
  expect(await told()).toEqual([]);
});

it('lets one with nothing to do end what its own schedule, or workflow, missed, and nothing else', async () => {
  await start('missed', 'replays');
  await start('refused', 'nightly');
  await start('missed', 'elsewhere', 'w', 'messages');
  await start('nothing_to_do', 'replays');
  expect(await told()).toEqual(['1 nothing_to_do replays', '1 refused nightly']);
  expect(await told('messages')).toEqual(['1 missed elsewhere']);
  await start('missed', null, 'by-hand');
  await start('nothing_to_do', null, 'by-hand');
  expect(await told()).toEqual(['2 nothing_to_do by hand', '1 refused nightly']);
  await start('missed', 'replays');
  expect(await told()).toEqual(['1 missed replays', '2 nothing_to_do by hand', '1 refused nightly']);
});
