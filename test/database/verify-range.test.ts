/** A verification of a part of the keys: what lies within is told, and nothing else. */
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import { createEngine, migrate, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';
import { FORGE } from './plantings';

let engine: Engine;
/** Keys of loaded rows, in order. */
let keys: string[];

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: 300, dirty: true } });
  await migrate(engine, caseStates, 100);
  const found = await engine.onTarget<{ key: string }>(
    'SELECT legacy_id::text AS key FROM case_states ORDER BY legacy_id',
  );
  keys = found.map(({ key }) => key);
  await engine.onTarget(FORGE);
  for (const index of [10, 50, 90])
    await engine.onTarget('DELETE FROM case_states WHERE legacy_id = $1', [keys[index]]);
  // Rows whose reference is wrong, though they are as we wrote them: only the check of references tells of those.
  for (const index of [11, 51, 91]) {
    await engine.onTarget(
      `UPDATE case_states t SET case_id = (SELECT id FROM cases WHERE id <> t.case_id LIMIT 1) WHERE legacy_id = ${keys[index]!};
       SELECT forge(${keys[index]!})`,
    );
  }
});
afterAll(() => engine?.drop());

const told = async (from: string | null, to: string | null): Promise<(string | null)[]> => {
  const found = await verify(engine, caseStates, false, {
    from: from === null ? null : [from],
    to: to === null ? null : [to],
  });
  expect(found.verdict).toBe(found.findings.length > 0 ? 'not_proven' : 'proven_with_exceptions');
  return found.findings.map(({ key }) => key).sort((a, b) => Number(a) - Number(b));
};

it('tells of the rows within, both ends included', async () => {
  expect(await told(keys[50]!, keys[51]!)).toEqual([keys[50], keys[51]]);
  expect(await told(keys[51]!, keys[89]!)).toEqual([keys[51]]);
  expect(await told(null, keys[10]!)).toEqual([keys[10]]);
  expect(await told(keys[91]!, null)).toEqual([keys[91]]);
});

it('is proven where nothing within is wrong, however wrong the rest is', async () => {
  expect(await told(keys[12]!, keys[49]!)).toEqual([]);
});

it('counts the rows of the part alone', async () => {
  const { source, loaded, quarantined } = await verify(engine, caseStates, false, {
    from: [keys[20]!],
    to: [keys[29]!],
  });
  const [counted] = await engine.onSource('SELECT COUNT(*) AS n FROM dispatch_state WHERE id BETWEEN ? AND ?', [
    keys[20],
    keys[29],
  ]);
  expect({ loaded, all: loaded + quarantined }).toEqual({ loaded: 10, all: Number(counted!.n) });
  expect(source).toBe(Number(counted!.n));
});

it.each([
  [caseStates, { from: ['1', '2'], to: null }, 'the key of case-states has 1 part (id)'],
  [caseStates, { from: ['9'], to: ['8'] }, 'its first key comes after its last'],
])('refuses a range that cannot be one', async (mapping, range, words) => {
  const { type, message } = await refusal(verify(engine, mapping, false, range));
  expect({ type, message }).toEqual({ type: 'InputRefused', message: expect.stringContaining(words) as string });
});

it('takes keys of two parts', async () => {
  await migrate(engine, messages, 100);
  const found = await engine.onTarget<{ thread: string; position: number }>(
    'SELECT legacy_thread_id AS thread, legacy_position AS position FROM messages ORDER BY 1, 2 OFFSET 30 LIMIT 4',
  );
  const [first, lost, , last] = found as [(typeof found)[0], (typeof found)[0], (typeof found)[0], (typeof found)[0]];
  const keyOf = ({ thread, position }: (typeof found)[0]): string[] => [String(thread), String(position)];
  await engine.onTarget('DELETE FROM messages WHERE legacy_thread_id = $1 AND legacy_position = $2', keyOf(lost));
  const { findings, loaded } = await verify(engine, messages, false, { from: keyOf(first), to: keyOf(last) });
  expect(findings.map(({ kind, key }) => ({ kind, key }))).toEqual([
    { kind: 'deleted_in_target', key: JSON.stringify(keyOf(lost)).replace('","', '", "') },
  ]);
  expect(loaded).toBe(3);
});
