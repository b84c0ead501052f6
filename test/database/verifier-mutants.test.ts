/** A verifier that is wrong in the way verifiers are wrong: each is seen, on a clean target, a damaged one, or one it cannot ask. */
import { caseStates } from '../../mappings/case-states';
import { catalog } from '../../mappings/catalog';
import type * as SourceModule from '../../database/source/open-source';
import type * as TargetModule from '../../database/target/open-target';
import type * as PortsModule from '../../worker/ports';
import { NOBODY_ELSE, createEngine, migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { again, withChanges } from '../support/mutant';
import type { Change } from '../support/mutant';
import type * as VerificationModule from '../support/verification';
import type { Verified } from '../support/verification';

/** More than one leaf of the bisection. */
const ROWS = 5_000;

/** Damage in several parts of the key space, by the kind that it is to be told as. */
const DAMAGE = `
UPDATE case_states SET notes = notes || ' ' WHERE legacy_id = (SELECT max(legacy_id) FROM case_states WHERE notes IS NOT NULL);
UPDATE case_states SET changed_at = changed_at + interval '1 microsecond' WHERE legacy_id = (SELECT min(legacy_id) FROM case_states);
DELETE FROM case_states WHERE legacy_id = (SELECT legacy_id FROM case_states ORDER BY legacy_id OFFSET 2000 LIMIT 1);
UPDATE case_states a SET notes = b.notes FROM case_states b WHERE a.notes IS NULL AND b.notes IS NOT NULL
  AND a.legacy_id = (SELECT legacy_id FROM case_states WHERE notes IS NULL ORDER BY legacy_id OFFSET 300 LIMIT 1)
  AND b.legacy_id = (SELECT min(legacy_id) FROM case_states WHERE notes IS NOT NULL)`;
const KINDS = ['changed_in_target', 'changed_in_target', 'changed_in_target', 'deleted_in_target'];

let clean: Engine;
let damaged: Engine;
/** A lookup of it cannot be read, so that nobody can say whether its references are right. */
let unreadable: Engine;

async function prepare(rows: number): Promise<Engine> {
  const engine = await createEngine({ sample: { rows, dirty: true } });
  await migrate(engine, caseStates, 700);
  return engine;
}

beforeAll(async () => {
  [clean, damaged, unreadable] = await Promise.all([prepare(ROWS), prepare(ROWS), prepare(200)]);
  await damaged.onTarget(DAMAGE);
  await unreadable.onTarget('ALTER TABLE profiles RENAME COLUMN legacy_user_id TO legacy_person_id');
}, 180_000);
afterAll(() => Promise.all([clean?.drop(), damaged?.drop(), unreadable?.drop()]));

/** Verifies through modules of the registry of the moment. */
async function verifyBy(engine: Engine): Promise<Pick<Verified, 'verdict' | 'notVerified' | 'findings'>> {
  const { openSource } = again<typeof SourceModule>('database/source/open-source');
  const { openTarget } = again<typeof TargetModule>('database/target/open-target');
  const { createPorts } = again<typeof PortsModule>('worker/ports');
  const { startVerification } = again<typeof VerificationModule>('test/support/verification');
  const source = openSource(engine.sourceUrl);
  const target = openTarget(engine.targetUrl);
  try {
    const ports = createPorts({
      source,
      target,
      catalog,
      temporal: NOBODY_ELSE,
      reportsDir: engine.reportsDir,
      sourceUrl: engine.sourceUrl,
      targetUrl: engine.targetUrl,
    });
    const started = await startVerification({ ...engine, source, target, ports }, caseStates, true);
    await started.tryAll();
    const { verdict, notVerified, verification } = await started.finish();
    const findings = await engine.onTarget<Verified['findings'][number]>(
      'SELECT kind, legacy_key AS key FROM carryover.findings WHERE verification_id = $1 ORDER BY kind',
      [verification],
    );
    return { verdict, notVerified, findings };
  } finally {
    await Promise.allSettled([source.close(), target.end()]);
  }
}

/** What a verifier with these changes gets wrong; empty where it is right. */
const mistakesOf = (changes: readonly Change[]): Promise<string[]> =>
  withChanges(changes, async () => {
    const [ofClean, ofDamaged, ofUnreadable] = [
      await verifyBy(clean),
      await verifyBy(damaged),
      await verifyBy(unreadable),
    ];
    const isRight = {
      'the clean target': ofClean.verdict === 'proven_with_exceptions' && ofClean.findings.length === 0,
      'the damaged target':
        ofDamaged.verdict === 'not_proven' &&
        JSON.stringify(ofDamaged.findings.map(({ kind }) => kind)) === JSON.stringify(KINDS),
      'the target that it cannot ask': ofUnreadable.verdict === 'not_proven' && ofUnreadable.notVerified > 0,
    };
    return Object.entries(isRight)
      .filter(([, right]) => !right)
      .map(([what]) => what);
  });

it('makes no mistake as it is', async () => expect(await mistakesOf([])).toEqual([]));

const NARROW = 'database/verify/narrow.ts';

/** Has ranges cut into halves and parts of them, as those of keys that fall into no buckets are. */
const BY_RANGES: Change = { file: NARROW, edits: [['return width === null', "return width !== ''"]] };

/** A verifier that trusts counts. */
const BLIND: Change = {
  file: NARROW,
  edits: [
    [' && there.sum === here.sum', ''],
    ['here.torn === 0 && ', ''],
  ],
};

it('whose hashes hold nothing still sees rows in another state, or another year', async () => {
  const engine = await prepare(200);
  const distributions = async (): Promise<number> => {
    const { verdict } = await withChanges([BLIND], () => verifyBy(engine));
    const [line] = await engine.onTarget<{ compared: number; found: number }>(
      `SELECT compared::int, found::int FROM carryover.verification_checks
       WHERE name = 'distributions' ORDER BY verification_id DESC LIMIT 1`,
    );
    expect(line!.compared).toBeGreaterThan(200);
    if (line!.found > 0) expect(verdict).toBe('not_proven');
    return line!.found;
  };
  try {
    expect(await distributions()).toBe(0);
    const one = `(SELECT min(legacy_id) FROM case_states WHERE state = 'treatment_active')`;
    await engine.onTarget(`UPDATE case_states SET state = 'case_closed' WHERE legacy_id = ${one}`);
    // Its code is read back from its state: it is in the group of another code, and one is missing in its own.
    expect(await distributions()).toBeGreaterThanOrEqual(1);
    await engine.onTarget(`UPDATE case_states SET state = 'treatment_active' WHERE legacy_id = (
      SELECT min(legacy_id) FROM case_states WHERE metadata ->> 'source_status' = '11')`);
    expect(await distributions()).toBe(0);
    await engine.onTarget(
      `UPDATE case_states SET changed_at = changed_at + interval '1 year' WHERE legacy_id = ${one}`,
    );
    expect(await distributions()).toBe(2);
  } finally {
    await engine.drop();
  }
});

it.each<[string, ...Change[]]>([
  [
    'no separator between values',
    { file: 'database/target/canonical.ts', edits: [["octet_length(${text}) || ':' || ${text}", '${text}']] },
    { file: 'database/source/expressions.ts', edits: [["CONCAT(LENGTH(${text}), ':', ${text})", '${text}']] },
  ],
  [
    'no mark for NULL',
    { file: 'database/target/canonical.ts', edits: [[", 'N')`", ", '')`"]] },
    { file: 'database/source/expressions.ts', edits: [[", 'N')`", ", '')`"]] },
  ],
  ['a search that stops early', { file: NARROW, edits: [['list: buckets }', 'list: buckets.slice(0, 1) }']] }],
  [
    'an error of a check taken for nothing found',
    {
      file: 'database/verify/checks.ts',
      edits: [
        [
          '? await look(session, check, [mapping.name, ref.verification, line.run_id])',
          '? await look(session, check, [mapping.name, ref.verification, line.run_id]).catch(() => ({ compared: 0, found: 0 }))',
        ],
        ['if (namesRows(check) && known === null) {', 'if (false) {'],
        [
          'const witness = await witnessOf(session, mapping, ref);',
          'const witness = await witnessOf(session, mapping, ref).catch(() => null);',
        ],
      ],
    },
  ],
  ['what was not verified is not counted', { file: 'shared/verdict.ts', edits: [['found.notVerified > 0 || ', '']] }],
  [
    'ranges of the target that lack their last key',
    BY_RANGES,
    { file: 'database/verify/range.ts', edits: [['`${row} <= ${integers(to)}`', '`${row} < ${integers(to)}`']] },
  ],
  [
    'ranges of the source that have the last key of the one before',
    BY_RANGES,
    {
      file: 'database/verify/range.ts',
      edits: [["compareKey(mapping, '>', after)", "compareKey(mapping, '>=', after)"]],
    },
  ],
  [
    'counts alone',
    BLIND,
    {
      file: 'database/verify/buckets.ts',
      edits: [
        [' && sum(groups) === sum(right)', ''],
        ["!right.some(({ torn }) => torn !== '0') && ", ''],
      ],
    },
  ],
  [
    'parts that are left out',
    {
      file: NARROW,
      edits: [
        ['return width === null', "return width !== ''"],
        ['[...keys, range.to].entries()', '[...keys, range.to].slice(0, 4).entries()'],
      ],
    },
  ],
  ['buckets that are cut off otherwise', { file: 'database/verify/range.ts', edits: [[' DIV ${', ' DIV 1 + ${']] }],
  [
    'sums without the rows of quarantine',
    { file: 'database/verify/target-rows.ts', edits: [["q.state = 'open'", 'false']] },
  ],
])('%s: is noticed', async (_what, ...changes) => {
  expect(await mistakesOf(changes)).not.toEqual([]);
});
