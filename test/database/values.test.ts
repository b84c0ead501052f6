/** Values that other tools lose, on MariaDB and on a MySQL as old as legacy estates are: carried, or kept in quarantine. */
import { createCatalog } from '../../mappings/catalog';
import { createEngine, migrate } from '../support/engine';
import type { Engine, Migrated } from '../support/engine';
import { startOldMysql } from '../support/old-mysql';
import type { OldMysql } from '../support/old-mysql';
import { verify } from '../support/verification';
import { allColumns, createValueTables, valuesMapping } from '../support/value-columns';
import type { Flavour } from '../support/value-columns';
import { VALUE_CASES } from '../support/value-table';

/** Keys are zero and below it as well. */
const FIRST_KEY = -20;

interface Kept {
  readonly reason: string;
  readonly columns: string[];
  readonly value: string | { readonly base64: string } | null;
}

describe.each<[Flavour]>([['MariaDB'], ['MySQL 5.6']])('on %s', (flavour) => {
  const columns = allColumns(flavour);
  const names = columns.map(({ name }) => name);
  const cases = VALUE_CASES.filter(({ column, only }) => names.includes(column) && (only ?? flavour) === flavour).map(
    (each, index) => ({ ...each, key: FIRST_KEY + index }),
  );
  const mapping = valuesMapping(columns);
  let server: OldMysql | undefined;
  let engine: Engine;
  let migrated: Migrated;

  beforeAll(async () => {
    if (flavour === 'MySQL 5.6') server = await startOldMysql();
    engine = await createEngine({ catalog: createCatalog([mapping]), ...(server && { sourceServer: server.url }) });
    const tables = createValueTables(columns);
    await engine.onSource(tables.source);
    for (const sql of tables.target) await engine.onTarget(sql);
    for (const { key, column, literal } of cases) {
      await engine.onSource(`INSERT INTO \`select\` (id, \`${column}\`) VALUES (${key}, ${literal})`);
    }
    migrated = await migrate(engine, mapping, 25);
  }, 120_000);
  afterAll(async () => {
    await engine?.drop();
    await server?.stop();
  });

  it('has at least 60 of them', () => expect(cases.length).toBeGreaterThanOrEqual(60));

  it('proves the run, and again by a verification of its own', async () => {
    const unfit = cases.filter(({ reason }) => reason !== undefined).length;
    expect(migrated.headline).toMatchObject({
      verdict: 'proven_with_exceptions',
      source: cases.length,
      loaded: cases.length - unfit,
      quarantined: unfit,
      findings: 0,
    });
    const { verdict, findings, faults } = await verify(engine, mapping, true);
    expect({ verdict, findings, faults }).toEqual({ verdict: 'proven_with_exceptions', findings: [], faults: {} });
  });

  it.each(cases.filter(({ reason }) => reason === undefined))(
    'carries $column $literal as $carried',
    async ({ key, column, carried }) => {
      const found = await engine.onTarget<{ value: string | null }>(
        `SELECT "${column}"::text AS value FROM "select" WHERE legacy_id = $1`,
        [key],
      );
      expect(found).toEqual([{ value: carried }]);
    },
  );

  it.each(cases.filter(({ reason }) => reason !== undefined))(
    'keeps $column $literal in quarantine as $reason, to the byte',
    async ({ key, column, reason }) => {
      const found = await engine.onTarget<Kept>(
        `SELECT reason, columns, source_row -> '${column}' AS value FROM carryover.quarantine WHERE legacy_key = $1`,
        [String(key)],
      );
      expect(found).toHaveLength(1);
      const [{ reason: told, columns, value }] = found as [Kept];
      expect([told, columns]).toEqual([reason, [column]]);
      const [stored] = await engine.onSource(
        `SELECT HEX(CAST(\`${column}\` AS BINARY)) AS bytes FROM \`select\` WHERE id = ?`,
        [key],
      );
      const kept = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value!.base64, 'base64');
      // Of floating point the number is kept, in the notation that both servers share.
      if (column === 'narrowed') expect(Number(value)).toBe(Number(Buffer.from(stored!.bytes!, 'hex').toString()));
      else expect(kept.toString('hex').toUpperCase()).toBe(stored!.bytes);
    },
  );

  it('compares every column: each value that is changed in the target is found', async () => {
    for (const { key, column } of cases.filter(({ carried }) => carried != null)) {
      const client = await engine.pool.connect();
      try {
        await client.query(`UPDATE "select" SET "${column}" = NULL WHERE legacy_id = $1`, [key]);
      } finally {
        client.release();
      }
    }
    const { findings } = await verify(engine, mapping, true);
    const changed = cases.filter(({ carried }) => carried != null);
    expect(findings.map(({ key }) => Number(key)).sort((a, b) => a - b)).toEqual(changed.map(({ key }) => key));
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['changed_in_target']));
    for (const { key, columns } of findings) {
      expect(columns).toEqual([changed.find((each) => each.key === Number(key))!.column]);
    }
  });
});
