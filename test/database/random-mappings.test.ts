/** Random mappings over random values: whatever they are, the run is proven, and the target is what an oracle says. */
import { createCatalog } from '../../mappings/catalog';
import type { Mapping } from '../../mappings/mapping';
import { Random } from '../../sample/random';
import { createEngine, migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { DRAWS } from '../support/random-values';
import type { RandomValue } from '../support/random-values';
import { VALUE_COLUMNS, createValueTables, valuesMapping } from '../support/value-columns';
import type { ChosenColumn, ColumnName } from '../support/value-columns';
import { verify } from '../support/verification';

const SEED = 20_261_128;
const ROWS = 120;

/** How the oracle writes a value of the target. */
const FORMS: Readonly<Partial<Record<ColumnName, (value: string) => string>>> = {
  single: (value) => `${value}::float8::text`,
  narrowed: (value) => `${value}::float8::text`,
  at: (value) => `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`,
  stamp: (value) => `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`,
  clock: (value) => `to_char(${value}, 'YYYY-MM-DD HH24:MI:SS.MS')`,
  span: (value) =>
    `CASE WHEN ${value} < '0' THEN '-' ELSE '' END || to_char(CASE WHEN ${value} < '0' THEN -${value} ELSE ${value} END, 'HH24:MI:SS.US')`,
  time: (value) => `to_char(${value}, 'HH24:MI:SS.MS')`,
};
const NUMBERS: readonly ColumnName[] = ['single', 'widened', 'double', 'narrowed'];

function chooseColumns(random: Random): ChosenColumn[] {
  const all = Object.keys(DRAWS) as ColumnName[];
  const chosen = all.filter(() => random.below(5) < 2);
  return chosen.map((name) => ({
    ...VALUE_COLUMNS[name],
    name,
    nullable: 'kept' in VALUE_COLUMNS[name] || random.below(2) === 0,
  }));
}

interface Row {
  readonly key: number;
  readonly values: readonly RandomValue[];
}

const drawRow = (random: Random, columns: readonly ChosenColumn[], key: number): Row => ({
  key,
  values: columns.map(({ name, nullable }) =>
    random.below(12) === 0 ? { literal: 'NULL', expected: nullable ? null : undefined } : DRAWS[name]!(random),
  ),
});

async function fill(engine: Engine, columns: readonly ChosenColumn[], rows: readonly Row[]): Promise<void> {
  const tables = createValueTables(columns);
  await engine.onSource(tables.source);
  for (const sql of tables.target) await engine.onTarget(sql);
  const names = columns.map(({ name }) => `\`${name}\``).join(', ');
  for (const { key, values } of rows) {
    await engine.onSource(
      `INSERT INTO \`select\` (id, ${names}) VALUES (${key}, ${values.map(({ literal }) => literal).join(', ')})`,
    );
  }
}

async function readTarget(engine: Engine, columns: readonly ChosenColumn[]): Promise<Map<number, (string | null)[]>> {
  const texts = columns.map(({ name }) => (FORMS[name] ?? ((value: string) => `${value}::text`))(`"${name}"`));
  const found = await engine.onTarget<{ key: string; row: (string | null)[] }>(
    `SELECT legacy_id AS key, ARRAY[${texts.join(', ')}] AS row FROM "select"`,
  );
  return new Map(
    found.map(({ key, row }) => [
      Number(key),
      row.map((value, index) =>
        value !== null && NUMBERS.includes(columns[index]!.name) ? String(Number(value)) : value,
      ),
    ]),
  );
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])('mapping %s of the seed', async (stream) => {
  const random = new Random(SEED, stream);
  const columns = chooseColumns(random);
  const rows = Array.from({ length: ROWS }, (_, index) => drawRow(random, columns, index - 7));
  const mapping: Mapping = valuesMapping(columns);
  const engine = await createEngine({ catalog: createCatalog([mapping]) });
  try {
    await fill(engine, columns, rows);
    const { headline } = await migrate(engine, mapping, 50);
    const fit = rows.filter(({ values }) => values.every(({ expected }) => expected !== undefined));
    expect(await readTarget(engine, columns)).toEqual(
      new Map(fit.map(({ key, values }) => [key, values.map(({ expected }) => expected as string | null)])),
    );
    expect(headline).toMatchObject({
      verdict: fit.length < ROWS ? 'proven_with_exceptions' : 'proven',
      source: ROWS,
      loaded: fit.length,
      quarantined: ROWS - fit.length,
      findings: 0,
    });
    // Chance must not have made it easy.
    expect(fit.length).toBeGreaterThan(0);
    expect(await verify(engine, mapping, true)).toMatchObject({ verdict: headline.verdict, findings: [] });
  } finally {
    await engine.drop();
  }
});
