/** A third mapping, as a user would add one: a text key, and a reference to the table's own rows. */
import { defineMapping } from '../../mappings/define';
import type { Engine } from './engine';

export const departments = defineMapping({
  name: 'departments',
  domain: 'organisation',
  source: { table: 'department', key: ['code'] },
  time: { zone: 'Europe/Berlin', gap: 'quarantine', fold: 'first' },
  id: { namespace: '2b7c3c1e-53a8-5a5e-9c39-6a0f3c1f4d11', target: 'id' },
  target: { schema: 'public', table: 'departments' },
  cases: [
    {
      name: 'parent',
      source: 'parent_code',
      convert: { kind: 'text' },
      lookup: { table: 'departments', key: 'code', value: 'id' },
      target: 'parent_id',
      missing: 'quarantine',
      optional: true,
    },
  ],
  actors: [],
  columns: [
    { source: 'code', target: 'code', convert: { kind: 'text' } },
    { source: 'title', target: 'title', convert: { kind: 'text', max: 40 } },
    { source: 'opened_at', target: 'opened_at', convert: { kind: 'instant', precision: 6, zero: 'quarantine' } },
  ],
  lineage: {
    target: 'lineage',
    values: [{ name: 'source_parent_code', source: 'parent_code', convert: { kind: 'text' } }],
    constants: { migration_source: 'department' },
  },
  report: {},
});

/** Code, code of the parent, title. */
export const DEPARTMENTS: readonly (readonly [code: string, parent: string | null, title: string])[] = [
  ['a', null, 'a root'],
  ['b', 'a', 'below the root'],
  ['b/1', 'b', 'below that'],
  ['Ä-2', 'b/1', 'a key with an umlaut'],
  ['0', '9', 'comes before its parent'],
  ['9', 'a', 'comes after its child'],
  ["q'uote", 'Ä-2', 'a key with a quote'],
  ['t\tab', "q'uote", 'a key with a tab'],
  ['self', 'self', 'its own parent'],
  ['lost', 'nowhere', 'its parent is nowhere'],
  ['lost child', 'lost', 'its parent is unfit'],
  ['a lost grandchild', 'lost child', 'so is this one’s, which comes first'],
  ['long', 'a', 'x'.repeat(41)],
  ['child of long', 'long', 'its parent is too long'],
];

/** Makes and fills the tables on both servers. */
export async function createDepartmentTables(engine: Pick<Engine, 'onSource' | 'onTarget'>): Promise<void> {
  await engine.onSource(
    `CREATE TABLE department (code VARCHAR(40) NOT NULL PRIMARY KEY, parent_code VARCHAR(40) NULL,
       title VARCHAR(80) NOT NULL, opened_at DATETIME(6) NOT NULL) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  );
  for (const row of DEPARTMENTS) {
    await engine.onSource(`INSERT INTO department VALUES (?, ?, ?, '2020-02-29 12:34:56.123456')`, row);
  }
  await engine.onTarget(
    `CREATE TABLE departments (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, parent_id uuid REFERENCES departments,
       title varchar(40) NOT NULL, opened_at timestamptz NOT NULL, lineage jsonb NOT NULL)`,
  );
}
