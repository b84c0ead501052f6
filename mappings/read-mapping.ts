import type { ColumnRule, LineageValue, Mapping, Reference } from './mapping';
import { ALL_KINDS, readConverter } from './read-converter';
import type { ShapeReader } from './read-shape';

/** Leaves out what was not given, so that a read mapping equals the written one. */
function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function readColumn(reader: ShapeReader, value: unknown, at: string): ColumnRule {
  const fields = reader.object(value, at, ['source', 'target', 'convert'], ['nullable']);
  return given({
    source: reader.text(fields.source, `${at}.source`),
    target: reader.text(fields.target, `${at}.target`),
    convert: readConverter(reader, fields.convert, `${at}.convert`, ALL_KINDS),
    nullable: reader.optionalFlag(fields.nullable, `${at}.nullable`),
  });
}

function readReference(reader: ShapeReader, value: unknown, at: string): Reference {
  const required = ['name', 'source', 'convert', 'lookup', 'target', 'missing'];
  const fields = reader.object(value, at, required, ['optional', 'flag']);
  const lookup =
    fields.lookup === undefined ? {} : reader.object(fields.lookup, `${at}.lookup`, ['table', 'key', 'value']);
  return given({
    name: reader.text(fields.name, `${at}.name`),
    source: reader.text(fields.source, `${at}.source`),
    convert: readConverter(reader, fields.convert, `${at}.convert`, ['integer', 'text']),
    lookup: {
      table: reader.text(lookup.table, `${at}.lookup.table`),
      key: reader.text(lookup.key, `${at}.lookup.key`),
      value: reader.text(lookup.value, `${at}.lookup.value`),
    },
    target: reader.text(fields.target, `${at}.target`),
    missing: reader.word(fields.missing, `${at}.missing`, ['quarantine', 'null']),
    optional: reader.optionalFlag(fields.optional, `${at}.optional`),
    flag: reader.optionalText(fields.flag, `${at}.flag`),
  });
}

function readLineageValue(reader: ShapeReader, value: unknown, at: string): LineageValue {
  const fields = reader.object(value, at, ['name', 'source', 'convert']);
  return {
    name: reader.text(fields.name, `${at}.name`),
    source: reader.text(fields.source, `${at}.source`),
    convert: readConverter(reader, fields.convert, `${at}.convert`, ['integer', 'text', 'boolean', 'decimal']),
  };
}

function readSource(reader: ShapeReader, value: unknown): Mapping['source'] {
  const source = reader.object(value, 'source', ['table', 'key'], ['where', 'ignored']);
  return given({
    table: reader.text(source.table, 'source.table'),
    key: reader.list(source.key, 'source.key', (entry, at) => reader.text(entry, at)),
    where: reader.optionalText(source.where, 'source.where'),
    ignored:
      source.ignored === undefined
        ? undefined
        : reader.list(source.ignored, 'source.ignored', (entry, at) => reader.text(entry, at)),
  });
}

function readLineage(reader: ShapeReader, value: unknown): Mapping['lineage'] {
  const lineage = reader.object(value, 'lineage', ['target', 'values', 'constants']);
  return {
    target: reader.text(lineage.target, 'lineage.target'),
    values: reader.list(lineage.values, 'lineage.values', (entry, at) => readLineageValue(reader, entry, at)),
    constants: reader.texts(lineage.constants, 'lineage.constants'),
  };
}

function readGone(reader: ShapeReader, value: unknown): Mapping['gone'] {
  const gone = reader.object(value, 'gone', ['policy'], ['column']);
  const policy = reader.word(gone.policy, 'gone.policy', ['report', 'mark', 'delete']);
  return policy === 'mark' ? { policy, column: reader.text(gone.column, 'gone.column') } : { policy };
}

const TOP = 'name domain source time id target cases actors columns lineage report'.split(' ');

/** Reads a mapping's shape; what is wrong with it is noted in the reader. */
export function readMapping(reader: ShapeReader, value: unknown): Mapping {
  const top = reader.object(value, 'the mapping', TOP, ['gone']);
  const part = (name: string, required: string[], optional: string[] = []): Readonly<Record<string, unknown>> =>
    top[name] === undefined ? {} : reader.object(top[name], name, required, optional);
  const time = part('time', ['zone', 'gap', 'fold']);
  const id = part('id', ['namespace', 'target']);
  const target = part('target', ['schema', 'table']);
  const report = part('report', [], ['status', 'state', 'time', 'case']);
  return {
    name: reader.text(top.name, 'name'),
    domain: reader.text(top.domain, 'domain'),
    source: top.source === undefined ? { table: '', key: [] } : readSource(reader, top.source),
    time: {
      zone: reader.text(time.zone, 'time.zone'),
      gap: reader.word(time.gap, 'time.gap', ['quarantine']),
      fold: reader.word(time.fold, 'time.fold', ['first', 'second', 'quarantine']),
    },
    id: { namespace: reader.text(id.namespace, 'id.namespace'), target: reader.text(id.target, 'id.target') },
    target: { schema: reader.text(target.schema, 'target.schema'), table: reader.text(target.table, 'target.table') },
    cases: reader.list(top.cases, 'cases', (entry, at) => readReference(reader, entry, at)),
    actors: reader.list(top.actors, 'actors', (entry, at) => readReference(reader, entry, at)),
    columns: reader.list(top.columns, 'columns', (entry, at) => readColumn(reader, entry, at)),
    lineage: top.lineage === undefined ? { target: '', values: [], constants: {} } : readLineage(reader, top.lineage),
    ...(top.gone === undefined ? {} : { gone: readGone(reader, top.gone) }),
    report: given({
      status: reader.optionalText(report.status, 'report.status'),
      state: reader.optionalText(report.state, 'report.state'),
      time: reader.optionalText(report.time, 'report.time'),
      case: reader.optionalText(report.case, 'report.case'),
    }),
  };
}
