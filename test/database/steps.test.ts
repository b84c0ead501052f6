/** The six steps on the default sample, against SQL that shares nothing with them but the rows. */
import { caseStates } from '../../mappings/case-states';
import { createEngine, migrate, sum } from '../support/engine';
import type { Engine, Migrated } from '../support/engine';

const NAMESPACE = '8d6d3ce7-bcd7-5472-8fae-e0c0884c7276';
/** Nights in which the clocks of Berlin were set back, in the years of the sample. */
const FOLDS = [
  '2018-10-28', '2019-10-27', '2020-10-25', '2021-10-31', '2022-10-30', '2023-10-29', '2024-10-27', '2025-10-26',
]; // prettier-ignore

const canonical = (columns: readonly string[]): string =>
  `CONCAT(${columns.map((column) => `IFNULL(CONCAT(LENGTH(${column}), ':', ${column}), 'N')`).join(', ')})`;

let engine: Engine;
let run: Migrated;

beforeAll(async () => {
  engine = await createEngine({ sample: {} });
  run = await migrate(engine, caseStates, 1000);
  await takeSourceOver();
});

afterAll(() => engine?.drop());

/** Puts the source's rows, as the source server writes them, beside the target for the oracle's joins. */
async function takeSourceOver(): Promise<void> {
  const hash = canonical(['id', 'status', 'reason', 'notes', 'created_at', 'instruction_id', 'actor_id', '`on`']);
  const rows = await engine.onSource(
    `SELECT id, instruction_id, status, \`on\`, actor_id, reason, notes, created_at, SHA2(${hash}, 256) AS sha FROM dispatch_state`,
  );
  const column = (name: string): (string | null)[] => rows.map((row) => row[name]!);
  await engine.onTarget('CREATE SCHEMA oracle');
  await engine.onTarget('CREATE EXTENSION "uuid-ossp" SCHEMA oracle');
  await engine.onTarget(
    `CREATE TABLE oracle.source AS SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[], $5::bigint[],
       $6::text[], $7::text[], $8::timestamp[], $9::text[])
     AS s (id, instruction_id, status, is_on, actor_id, reason, notes, wall, sha)`,
    ['id', 'instruction_id', 'status', 'on', 'actor_id', 'reason', 'notes', 'created_at', 'sha'].map(column),
  );
  await engine.onTarget(`
CREATE TABLE oracle.expected AS
SELECT oracle.uuid_generate_v5('${NAMESPACE}', length(s.id::text) || ':' || s.id) AS id, o.case_id,
       CASE s.status WHEN 11 THEN 'treatment_active' WHEN 12 THEN 'case_closed' END AS state,
       p.id AS actor_id, p.id IS NULL AS is_system_generated, s.reason, s.notes, s.sha,
       CASE WHEN s.wall::date IN (${FOLDS.map((day) => `'${day}'`).join(', ')}) AND s.wall::time >= '02:00' AND s.wall::time < '03:00'
            THEN (s.wall - interval '2 hours') AT TIME ZONE 'UTC'
            ELSE s.wall AT TIME ZONE 'Europe/Berlin' END AS changed_at,
       jsonb_build_object('source_state_id', s.id, 'source_status', s.status, 'source_on', s.is_on = 1,
         'source_actor_id', s.actor_id, 'source_instruction_id', s.instruction_id,
         'migration_source', 'dispatch_state') AS lineage, s.id AS legacy_id
FROM oracle.source s
JOIN (SELECT instruction_id, min(case_id::text)::uuid AS case_id FROM orders GROUP BY 1) o USING (instruction_id)
LEFT JOIN profiles p ON p.legacy_user_id = s.actor_id`);
}

const differing = async (column: string, expected = `e.${column}`): Promise<number> => {
  const [row] = await engine.onTarget<{ rows: string }>(
    `SELECT count(*) AS rows FROM case_states t FULL JOIN oracle.expected e USING (legacy_id)
     WHERE t.${column} IS DISTINCT FROM ${expected}`,
  );
  return Number(row!.rows);
};

describe('the six steps on the default sample', () => {
  it('counts in every step what the databases hold', async () => {
    const { batches } = run;
    const [actors] = await engine.onTarget<{ known: string }>(
      'SELECT count(*) AS known FROM oracle.source WHERE actor_id IN (SELECT legacy_user_id FROM profiles)',
    );
    expect(batches.map(({ extract }) => extract.source)).toEqual([1000, 1000, 1000, 1000, 751]);
    expect(batches.every(({ extract }) => extract.staged === extract.source && extract.excluded === 0)).toBe(true);
    expect([sum(batches, (b) => b.mapCases.resolved), sum(batches, (b) => b.mapCases.missing)]).toEqual([4552, 199]);
    expect(sum(batches, (b) => b.mapActors.resolved)).toBe(Number(actors!.known));
    expect(sum(batches, (b) => b.mapActors.missing)).toBe(4751 - Number(actors!.known));
    expect([sum(batches, (b) => b.transform.fit), sum(batches, (b) => b.transform.unfit)]).toEqual([4552, 199]);
    expect(sum(batches, (b) => b.load.inserted)).toBe(4552);
    expect(sum(batches, (b) => b.load.quarantined)).toBe(199);
    expect(sum(batches, (b) => b.load.updated + b.load.unchanged + b.load.excluded)).toBe(0);
    expect([sum(batches, (b) => b.validate.compared), sum(batches, (b) => b.validate.differences)]).toEqual([4751, 0]);
  });

  it('ends with exceptions, proven, and with a closed balance', () => {
    expect(run.headline).toEqual({
      verdict: 'proven_with_exceptions',
      source: 4751,
      loaded: 4552,
      inserted: 4552,
      updated: 0,
      unchanged: 0,
      quarantined: 199,
      excluded: 0,
      pending: 0,
      findings: 0,
    });
  });

  it.each([
    ['id', 'e.id'],
    ['case_id', 'e.case_id'],
    ['state', 'e.state::case_state_type'],
    ['actor_id', 'e.actor_id'],
    ['is_system_generated', 'e.is_system_generated'],
    ['reason', 'e.reason'],
    ['notes', 'e.notes'],
    ['changed_at', 'e.changed_at'],
  ])('gives every row the %s that the oracle gives it', async (column, expected) => {
    expect(await differing(column, expected)).toBe(0);
  });

  it('carries 4,357 rows with their actor and flags 195 without', async () => {
    expect(
      await engine.onTarget(
        `SELECT is_system_generated AS flag, count(*)::int AS rows, count(actor_id)::int AS actors FROM case_states
         GROUP BY 1 ORDER BY 1`,
      ),
    ).toEqual([
      { flag: false, rows: 4357, actors: 4357 },
      { flag: true, rows: 195, actors: 0 },
    ]);
  });

  it('takes the first instant of every time in the fold', async () => {
    const [row] = await engine.onTarget<{ fold: number; hours: number }>(
      `SELECT count(*)::int AS fold, min(extract(epoch FROM s.wall - (t.changed_at AT TIME ZONE 'UTC')) / 3600)::int AS hours
       FROM case_states t JOIN oracle.source s ON s.id = t.legacy_id
       WHERE s.wall::date = ANY ($1) AND s.wall::time >= '02:00' AND s.wall::time < '03:00'`,
      [FOLDS],
    );
    expect(row!.fold).toBeGreaterThan(0);
    expect(row!.hours).toBe(2);
  });

  it('keeps the six values of the lineage in their JSON types, and the two hashes', async () => {
    expect(
      await engine.onTarget(
        `SELECT count(*)::int AS rows FROM case_states t JOIN oracle.expected e USING (legacy_id)
         WHERE t.metadata - 'source_row_sha256' - 'target_row_sha256' IS DISTINCT FROM e.lineage`,
      ),
    ).toEqual([{ rows: 0 }]);
    const types = `SELECT DISTINCT jsonb_object_agg(key, jsonb_typeof(value)) AS types
                   FROM case_states, jsonb_each(metadata) WHERE metadata -> 'source_actor_id' <> 'null' GROUP BY id`;
    const [row, ...more] = await engine.onTarget<{ types: object }>(types);
    expect(more).toEqual([]);
    expect(row!.types).toEqual({
      source_state_id: 'number',
      source_status: 'number',
      source_on: 'boolean',
      source_actor_id: 'number',
      source_instruction_id: 'number',
      migration_source: 'string',
      source_row_sha256: 'string',
      target_row_sha256: 'string',
    });
  });

  it('keeps the SHA-256 that the source server computes over the canonical text', async () => {
    const [row] = await engine.onTarget<{ same: number; differ: number }>(
      `SELECT count(*) FILTER (WHERE metadata ->> 'source_row_sha256' = sha)::int AS same,
              count(*) FILTER (WHERE metadata ->> 'source_row_sha256' IS DISTINCT FROM sha)::int AS differ
       FROM case_states t JOIN oracle.expected e USING (legacy_id)`,
    );
    expect(row).toEqual({ same: 4552, differ: 0 });
  });

  it('keeps the SHA-256 of the target row as it was written', async () => {
    const columns = ['id', 'legacy_id', 'state', 'reason', 'notes', 'changed_at', 'case_id', 'actor_id', 'is_system_generated']; // prettier-ignore
    const text = columns
      .map((column) => `coalesce(octet_length(${column}::text) || ':' || ${column}::text, 'N')`)
      .join(' || ');
    const [row] = await engine.onTarget<{ same: number }>(
      `SELECT count(*)::int AS same FROM case_states
       WHERE metadata ->> 'target_row_sha256' = encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`,
    );
    expect(row).toEqual({ same: 4552 });
  });

  it('quarantines the 199 rows without a case, as the source has them', async () => {
    expect(
      await engine.onTarget(
        `SELECT q.reason, q.reasons, s.status, count(*)::int AS rows FROM carryover.quarantine q
         JOIN oracle.source s ON s.id = q.legacy_key::bigint AND q.source_row_sha256 = s.sha
         GROUP BY 1, 2, 3 ORDER BY 3`,
      ),
    ).toEqual([
      { reason: 'case_unmapped', reasons: ['case_unmapped'], status: 11, rows: 172 },
      { reason: 'case_unmapped', reasons: ['case_unmapped'], status: 12, rows: 27 },
    ]);
  });

  it('leaves no stage behind', async () => {
    expect(await engine.onTarget(`SELECT 1 FROM pg_tables WHERE schemaname = 'carryover_stage'`)).toEqual([]);
  });
});
