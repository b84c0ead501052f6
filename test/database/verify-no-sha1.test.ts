/** A source that cannot compute SHA-1, as MySQL from 9.6 on cannot: ids are looked at all the same. */
import { randomUUID } from 'node:crypto';
import type { Source } from '../../database/source/open-source';
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import { CarryoverError } from '../../shared/errors';
import { createEngine, migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';
import { FORGE } from './plantings';

/** Refuses what such a server refuses, in the words of the product. */
function withoutSha1(source: Source): Source {
  const refuse = (sql: string): void => {
    if (!/\bSHA1\(/.test(sql)) return;
    throw new CarryoverError('SchemaChanged', 'FUNCTION SHA1 does not exist', 'ER_SP_DOES_NOT_EXIST');
  };
  return {
    ...source,
    query: async (point, sql, ...rest) => {
      refuse(sql);
      return source.query(point, sql, ...rest);
    },
    dedicated: async (signal) => {
      const session = await source.dedicated(signal);
      return {
        query: (...given) => session.query(...given),
        stream: (point, sql, values, encoding) => {
          refuse(sql);
          return session.stream(point, sql, values, encoding);
        },
        destroy: () => session.destroy(),
      };
    },
  };
}

let engine: Engine;
beforeEach(async () => {
  const plain = await createEngine({ sample: { rows: 300, dirty: true } });
  engine = plain.as(withoutSha1(plain.source), plain.target);
  await engine.onTarget(FORGE);
});
afterEach(() => engine?.drop());

it.each([caseStates, messages])('is proven where nothing is wrong, ids and all', async (mapping) => {
  const { headline } = await migrate(engine, mapping, 100);
  const found = await verify(engine, mapping, true);
  expect(found).toMatchObject({ verdict: headline.verdict, findings: [], notVerified: 0 });
  const [ids] = await engine.onTarget<{ compared: string }>(
    `SELECT compared FROM carryover.verification_checks WHERE name = 'ids' AND verification_id = $1`,
    [found.verification],
  );
  expect(Number(ids!.compared)).toBe(found.loaded + found.quarantined);
});

it('finds two ids that were exchanged by a writer who knows of the lineage, and an id in quarantine', async () => {
  await migrate(engine, caseStates, 100);
  const found = await engine.onTarget<{ key: string; id: string }>(
    'SELECT legacy_id::text AS key, id FROM case_states ORDER BY legacy_id LIMIT 2 OFFSET 40',
  );
  const [one, two] = found as [(typeof found)[0], (typeof found)[0]];
  for (const [key, id] of [
    [one.key, randomUUID()],
    [two.key, one.id],
    [one.key, two.id],
  ]) {
    await engine.onTarget(`UPDATE case_states SET id = '${id!}' WHERE legacy_id = ${key!}; SELECT forge(${key!})`);
  }
  const [held] = await engine.onTarget<{ key: string }>(
    `UPDATE carryover.quarantine SET target_id = gen_random_uuid()
     WHERE legacy_key = (SELECT min(legacy_key) FROM carryover.quarantine) RETURNING legacy_key AS key`,
  );
  const { findings, verdict } = await verify(engine, caseStates, true);
  expect(verdict).toBe('not_proven');
  const wrong = { kind: 'changed', columns: ['case_states.id'] };
  expect([...findings].sort((a, b) => Number(a.key) - Number(b.key))).toEqual(
    [one.key, two.key, held!.key].sort((a, b) => Number(a) - Number(b)).map((key) => ({ ...wrong, key })),
  );
});

it('finds rows that were exchanged, with their ids, and lost ones', async () => {
  await migrate(engine, messages, 100);
  await engine.onTarget(
    `UPDATE messages SET body = 'another''s' WHERE id = (SELECT id FROM messages ORDER BY id LIMIT 1)`,
  );
  await engine.onTarget('DELETE FROM messages WHERE id = (SELECT max(id::text)::uuid FROM messages)');
  const { findings } = await verify(engine, messages, true);
  expect(findings.map(({ kind }) => kind).sort()).toEqual(['changed_in_target', 'deleted_in_target']);
});
