/** What a person has accepted is an exception, as long as both sides are as they were. */
import { caseStates } from '../../mappings/case-states';
import type { AcceptInput } from '../../shared/accept-input';
import { createEngine, migrate, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';
import type { Verified } from '../support/verification';

let engine: Engine;
/** Keys of loaded rows, in order. */
let keys: string[];
let courier = 0;

beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 200 } });
  await migrate(engine, caseStates);
  const found = await engine.onTarget<{ key: string }>(
    'SELECT legacy_id::text AS key FROM case_states ORDER BY legacy_id',
  );
  keys = found.map(({ key }) => key);
});
afterEach(() => engine?.drop());

const accept = (
  { verification }: Verified,
  what: Partial<AcceptInput>,
  run = `run ${(courier += 1)}`,
): Promise<string> =>
  engine.ports.verifications.accept(
    { migration: 'case-states', verification, reason: 'it may', ...what },
    { workflow: 'accepts', workflowRun: run },
  );

const look = (): Promise<Verified> => verify(engine, caseStates, true);

const change = (key: string, notes: string): Promise<unknown> =>
  engine.onTarget('UPDATE case_states SET notes = $2 WHERE legacy_id = $1', [key, notes]);

it('counts as an exception from the next verification on', async () => {
  await change(keys[3]!, 'by hand');
  await engine.onTarget('DELETE FROM case_states WHERE legacy_id = $1', [keys[5]]);
  const before = await look();
  expect(before).toMatchObject({ verdict: 'not_proven', defects: 2, accepted: 0 });
  expect(await accept(before, { kinds: ['changed_in_target'], by: 'Ada' })).toContain('1 of verification');
  expect(await look()).toMatchObject({ verdict: 'not_proven', defects: 1, accepted: 1 });
  await accept(before, { kinds: ['deleted_in_target'] });
  expect(await look()).toMatchObject({ verdict: 'proven_with_exceptions', defects: 0, accepted: 2 });
});

it('holds of a row that the source does not have any more, as of any other', async () => {
  await change(keys[3]!, 'by hand');
  await engine.onSource('DELETE FROM dispatch_state WHERE id = ?', [keys[3]]);
  const before = await look();
  expect(before).toMatchObject({ verdict: 'not_proven', defects: 1, faults: {} });
  await accept(before, { kinds: ['changed_in_target'] });
  expect(await look()).toMatchObject({ verdict: 'proven_with_exceptions', defects: 0, accepted: 1, faults: {} });
});

it('ends with the state of the rows that it was given for', async () => {
  await change(keys[3]!, 'by hand');
  await accept(await look(), { kinds: ['changed_in_target'] });
  await change(keys[3]!, 'by another hand');
  expect(await look()).toMatchObject({ defects: 1, accepted: 0 });
  await change(keys[3]!, 'by hand');
  expect(await look()).toMatchObject({ defects: 0, accepted: 1 });
  await engine.onSource('UPDATE dispatch_state SET status = 23 - status WHERE id = ?', [keys[3]]);
  expect(await look()).toMatchObject({ accepted: 0 });
});

it('covers what a check names, such as a reference, and leaves the check with what is left', async () => {
  // Another answer than the one that was loaded; the rows are as we wrote them.
  await engine.onTarget(
    `UPDATE orders SET case_id = (SELECT id FROM cases c WHERE c.id <> orders.case_id LIMIT 1)
     WHERE id IN (SELECT o.id FROM orders o JOIN case_states t ON t.metadata ->> 'source_instruction_id' = o.instruction_id::text
                  WHERE t.legacy_id = $1)`,
    [keys[0]],
  );
  const before = await look();
  const [first] = await engine.onTarget<{ finding: string }>(
    'SELECT finding_id::text AS finding FROM carryover.findings WHERE verification_id = $1 ORDER BY finding_id LIMIT 1',
    [before.verification],
  );
  expect(before.faults.references).toBe(before.defects);
  await accept(before, { findings: [first!.finding] });
  expect(await look()).toMatchObject({ defects: before.defects - 1, accepted: 1 });
});

it('is one decision, however often it is delivered', async () => {
  await change(keys[1]!, 'by hand');
  const before = await look();
  const [once, twice] = [
    await accept(before, { kinds: ['changed_in_target'] }, 'the same'),
    await accept(before, { kinds: ['changed_in_target'] }, 'the same'),
  ];
  expect(twice).toBe(once);
  expect(await engine.onTarget('SELECT who, reason, claimed_by FROM carryover.accepted_findings')).toEqual([
    { who: 'tester@starts', reason: 'it may', claimed_by: null },
  ]);
});

it('lets a run end as proven with exceptions', async () => {
  await change(keys[1]!, 'by hand');
  await accept(await look(), { kinds: ['changed_in_target'] });
  const { headline } = await migrate(engine, caseStates);
  expect(headline).toMatchObject({ verdict: 'proven_with_exceptions', findings: 0 });
});

it('takes nothing where a part of it cannot be accepted', async () => {
  await change(keys[1]!, 'by hand');
  await engine.onSource('UPDATE dispatch_state SET status = 23 - status WHERE id = ?', [keys[2]]);
  const before = await look();
  const numbers = await engine.onTarget<{ finding: string; kind: string }>(
    'SELECT finding_id::text AS finding, kind FROM carryover.findings WHERE verification_id = $1',
    [before.verification],
  );
  const { type, message } = await refusal(
    accept(before, { findings: [...numbers.map(({ finding }) => finding), '999999'] }),
  );
  expect(type).toBe('InputRefused');
  expect(message).toContain('has no finding 999999');
  expect(message).toContain(`${numbers.find(({ kind }) => kind === 'moved')!.finding}: what has moved is no defect`);
  expect((await refusal(accept({ ...before, verification: '999' }, { kinds: ['extra'] }))).message).toContain(
    'verification 999 is none of case-states',
  );
  expect(await engine.onTarget('SELECT 1 FROM carryover.accepted_findings')).toEqual([]);
});
