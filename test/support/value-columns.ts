/** A table with a column for each kind of value that a source may hold, and the mapping that carries all of them. */
import type { ConverterSpec } from '../../mappings/converter-spec';
import { defineMapping } from '../../mappings/define';
import type { Mapping } from '../../mappings/mapping';

/** Servers that hold a type: old MySQL has no UUID, no INET6 and no generated columns. */
export type Flavour = 'MariaDB' | 'MySQL 5.6';

export interface ValueColumn {
  /** Type of the source's column, as it is declared. */
  readonly source: string;
  readonly convert: ConverterSpec;
  /** Type of the target's column. */
  readonly target: string;
  readonly only?: Flavour;
  /** True where the lineage has to keep the text as well. */
  readonly kept?: true;
  /** Rule of a generated column. */
  readonly generated?: string;
}

const integer = (type: 'smallint' | 'integer' | 'bigint'): ConverterSpec => ({ kind: 'integer', type });
const TEXT: ConverterSpec = { kind: 'text' };
const whole: ConverterSpec = { kind: 'decimal', precision: 20, scale: 0 };

/** By name; names that are words of SQL are among them. */
export const VALUE_COLUMNS = {
  tiny: { source: 'TINYINT', convert: integer('smallint'), target: 'smallint' },
  order: { source: 'MEDIUMINT UNSIGNED', convert: integer('integer'), target: 'integer' },
  unsigned: { source: 'INT UNSIGNED', convert: integer('bigint'), target: 'bigint' },
  narrow: { source: 'INT UNSIGNED', convert: integer('integer'), target: 'integer' },
  big: { source: 'BIGINT', convert: integer('bigint'), target: 'bigint' },
  ubig: { source: 'BIGINT UNSIGNED', convert: whole, target: 'numeric(20,0)' },
  padded: { source: 'INT(6) UNSIGNED ZEROFILL', convert: integer('bigint'), target: 'bigint' },
  flag: { source: 'TINYINT(1)', convert: { kind: 'boolean' }, target: 'boolean' },
  bit: { source: 'BIT(1)', convert: { kind: 'boolean' }, target: 'boolean' },
  bits: { source: 'BIT(10)', convert: integer('integer'), target: 'integer' },
  bits64: { source: 'BIT(64)', convert: whole, target: 'numeric(20,0)' },
  dec65: {
    source: 'DECIMAL(65,30)',
    convert: { kind: 'decimal', precision: 65, scale: 30 },
    target: 'numeric(65,30)',
  },
  dec4: { source: 'DECIMAL(12,4)', convert: { kind: 'decimal', precision: 12, scale: 4 }, target: 'numeric(12,4)' },
  single: { source: 'FLOAT', convert: { kind: 'float', type: 'real' }, target: 'real' },
  widened: { source: 'FLOAT', convert: { kind: 'float', type: 'double' }, target: 'double precision' },
  double: { source: 'DOUBLE', convert: { kind: 'float', type: 'double' }, target: 'double precision' },
  narrowed: { source: 'DOUBLE', convert: { kind: 'float', type: 'real' }, target: 'real' },
  year: { source: 'YEAR', convert: integer('smallint'), target: 'smallint' },
  day: { source: 'DATE', convert: { kind: 'date', zero: 'quarantine' }, target: 'date' },
  day_or_none: { source: 'DATE', convert: { kind: 'date', zero: 'null' }, target: 'date', kept: true },
  at: {
    source: 'DATETIME(6)',
    convert: { kind: 'instant', precision: 6, zero: 'quarantine' },
    target: 'timestamptz',
  },
  clock: {
    source: 'DATETIME(3)',
    convert: { kind: 'wallClock', precision: 3, zero: 'null' },
    target: 'timestamp',
    kept: true,
  },
  stamp: {
    source: 'TIMESTAMP(6)',
    convert: { kind: 'timestamp', precision: 6, zero: 'quarantine' },
    target: 'timestamptz',
  },
  span: { source: 'TIME(6)', convert: { kind: 'duration', precision: 6 }, target: 'interval' },
  time: { source: 'TIME(3)', convert: { kind: 'timeOfDay', precision: 3 }, target: 'time(3)' },
  user: { source: 'VARCHAR(100) CHARACTER SET utf8mb4', convert: TEXT, target: 'text' },
  short: { source: 'VARCHAR(20) CHARACTER SET utf8mb4', convert: { kind: 'text', max: 3 }, target: 'varchar(3)' },
  latin: { source: 'VARCHAR(40) CHARACTER SET latin1', convert: TEXT, target: 'text' },
  blank: { source: 'CHAR(5) CHARACTER SET utf8mb4', convert: TEXT, target: 'text' },
  long: { source: 'LONGTEXT', convert: TEXT, target: 'text' },
  choice: { source: "ENUM('a','','ü') CHARACTER SET utf8mb4", convert: TEXT, target: 'text' },
  code: {
    source: "ENUM('a','b')",
    convert: { kind: 'code', type: 'letter', codes: { a: 'first', b: 'second' }, unknown: 'quarantine' },
    target: 'letter',
  },
  members: { source: "SET('x','y','z')", convert: { kind: 'set' }, target: 'text[]' },
  listed: { source: "SET('x','y','z')", convert: TEXT, target: 'text' },
  json: { source: 'LONGTEXT CHARACTER SET utf8mb4', convert: { kind: 'json', type: 'json' }, target: 'json' },
  jsonb: {
    source: 'LONGTEXT CHARACTER SET utf8mb4',
    convert: { kind: 'json', type: 'jsonb' },
    target: 'jsonb',
    kept: true,
  },
  fixed: { source: 'BINARY(4)', convert: { kind: 'bytes' }, target: 'bytea' },
  varied: { source: 'VARBINARY(40)', convert: { kind: 'bytes' }, target: 'bytea' },
  blob: { source: 'BLOB', convert: { kind: 'bytes' }, target: 'bytea' },
  uuid: { source: 'UUID', convert: TEXT, target: 'text', only: 'MariaDB' },
  address: { source: 'INET6', convert: TEXT, target: 'text', only: 'MariaDB' },
  sum: {
    source: 'INT',
    convert: integer('integer'),
    target: 'integer',
    only: 'MariaDB',
    generated: '`tiny` + 1',
  },
} as const satisfies Readonly<Record<string, ValueColumn>>;

export type ColumnName = keyof typeof VALUE_COLUMNS;

export function columnsOf(flavour: Flavour): [ColumnName, ValueColumn][] {
  const all = Object.entries(VALUE_COLUMNS) as [ColumnName, ValueColumn][];
  return all.filter(([, { only }]) => only === undefined || only === flavour);
}

/** A column of a mapping under test, and whether its target takes NULL. */
export interface ChosenColumn extends ValueColumn {
  readonly name: ColumnName;
  readonly nullable: boolean;
}

export const allColumns = (flavour: Flavour): ChosenColumn[] =>
  columnsOf(flavour).map(([name, column]) => ({ ...column, name, nullable: true }));

export const valuesMapping = (columns: readonly ChosenColumn[]): Mapping =>
  defineMapping({
    name: 'values',
    domain: 'every type',
    source: { table: 'select', key: ['id'] },
    time: { zone: 'Europe/Berlin', gap: 'quarantine', fold: 'first' },
    id: { namespace: '5b0a4a53-6a0e-5c55-8c8b-b28e6a0ab0c1', target: 'id' },
    target: { schema: 'public', table: 'select' },
    cases: [],
    actors: [],
    columns: [
      { source: 'id', target: 'legacy_id', convert: integer('bigint') },
      ...columns.map(({ name, convert, nullable }) => ({ source: name, target: name, convert, nullable })),
    ],
    lineage: {
      target: 'lineage',
      values: columns
        .filter(({ kept }) => kept === true)
        .map(({ name }) => ({ name: `source_${name}`, source: name, convert: { kind: 'text' as const } })),
      constants: { migration_source: 'select' },
    },
    report: {},
  });

/** Statements that make the tables: of the source, then of the target. */
export function createValueTables(columns: readonly ChosenColumn[]): {
  readonly source: string;
  readonly target: readonly string[];
} {
  const source = columns.map(({ name, source: type, generated }) => {
    const more = generated === undefined ? 'NULL DEFAULT NULL' : `GENERATED ALWAYS AS (${generated}) VIRTUAL`;
    return `\`${name}\` ${type} ${more}`;
  });
  const target = columns.map(({ name, target: type, nullable }) => `"${name}" ${type}${nullable ? '' : ' NOT NULL'}`);
  return {
    source: `CREATE TABLE \`select\` (id BIGINT NOT NULL PRIMARY KEY, ${source.join(', ')}) ENGINE=InnoDB`,
    target: [
      `CREATE TYPE letter AS ENUM ('first', 'second')`,
      `CREATE TABLE "select" (id uuid PRIMARY KEY, legacy_id bigint NOT NULL UNIQUE, ${target.join(', ')}, lineage jsonb NOT NULL)`,
    ],
  };
}
