/**
 * What must hold between the parts of a mapping. Each rule answers with its problems: where, what, what to do. Names
 * that are empty have been refused by the reader already and are skipped.
 */
import { LINEAGE_HASHES, isSelfReference, markColumn, namedColumns, referencesOf, type Mapping } from './mapping';
import { shown } from './read-shape';

type Rule = (mapping: Mapping) => string[];

/** PostgreSQL cuts longer names off, silently. */
const MAX_NAME_BYTES = 63;

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;

interface Place {
  readonly name: string;
  readonly at: string;
}

/** Every target column that the mapping writes, with the place that says so. */
function targetPlaces(mapping: Mapping): Place[] {
  const references = (role: 'cases' | 'actors'): Place[] =>
    mapping[role].flatMap(({ target, flag }, index) => [
      { name: target, at: `${role}[${index}].target` },
      ...(flag === undefined ? [] : [{ name: flag, at: `${role}[${index}].flag` }]),
    ]);
  return [
    { name: mapping.id.target, at: 'id.target' },
    ...mapping.columns.map(({ target }, index) => ({ name: target, at: `columns[${index}].target` })),
    ...references('cases'),
    ...references('actors'),
    { name: mapping.lineage.target, at: 'lineage.target' },
    { name: markColumn(mapping) ?? '', at: 'gone.column' },
  ].filter(({ name }) => name !== '');
}

/** Places that use a name which an earlier place has taken. */
function repeated(places: readonly Place[]): { place: Place; first: Place }[] {
  const taken = new Map<string, Place>();
  return places.flatMap((place) => {
    const first = taken.get(place.name);
    if (first !== undefined) return [{ place, first }];
    taken.set(place.name, place);
    return [];
  });
}

function isKnownZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    // Offsets such as +01:00 are taken by newer runtimes, but have no summer time to be right about.
    return ZONE_NAME.test(zone);
  } catch {
    return false;
  }
}

const names: Rule = ({ name, id, time }) => [
  ...(name === '' || KEBAB_CASE.test(name)
    ? []
    : [`name is ${shown(name)}; use kebab-case, such as "case-states": it names files, runs and metrics.`]),
  ...(id.namespace === '' || UUID.test(id.namespace)
    ? []
    : [`id.namespace is ${shown(id.namespace)}; give a UUID made for this mapping alone, and never change it.`]),
  ...(time.zone === '' || isKnownZone(time.zone)
    ? []
    : [`time.zone is ${shown(time.zone)}; give an IANA name, such as "Europe/Berlin".`]),
];

const key: Rule = (mapping) => [
  ...(mapping.source.key.length > 0 || mapping.source.table === ''
    ? []
    : ['source.key names no column; name the columns of a unique index of the source.']),
  ...repeated(mapping.source.key.map((name, index) => ({ name, at: `source.key[${index}]` }))).map(
    ({ place, first }) => `${place.at} repeats ${shown(place.name)} of ${first.at}; name each key column once.`,
  ),
  ...[...new Set(mapping.source.key)]
    .filter((column) => column !== '')
    .flatMap((column) => {
      const index = mapping.columns.findIndex((rule) => rule.source === column);
      if (index < 0)
        return [`source.key: column ${shown(column)} has no entry in columns; the target must hold the key.`];
      return mapping.columns[index]!.nullable === true
        ? [`columns[${index}] (${column}) is nullable; a key column never is: remove nullable.`]
        : [];
    }),
];

const targets: Rule = (mapping) => {
  const places = targetPlaces(mapping);
  const tooLong = ({ name }: Place): boolean => Buffer.byteLength(name) > MAX_NAME_BYTES;
  return [
    ...repeated(places).map(
      ({ place, first }) =>
        `${place.at} writes the target column ${shown(place.name)}, which ${first.at} writes; write each column once.`,
    ),
    ...places
      .filter(tooLong)
      .map(({ at, name }) => `${at} is ${shown(name)}; a name of PostgreSQL has up to ${MAX_NAME_BYTES} bytes.`),
  ];
};

const ignored: Rule = (mapping) => {
  const mapped = new Set(namedColumns(mapping));
  const places = (mapping.source.ignored ?? []).map((name, index) => ({ name, at: `source.ignored[${index}]` }));
  return [
    ...places
      .filter(({ name }) => name !== '' && mapped.has(name))
      .map(({ name, at }) => `${at} is ${shown(name)}, which the mapping reads; take it off one of the two.`),
    ...repeated(places).map(
      ({ place, first }) => `${place.at} repeats ${shown(place.name)} of ${first.at}; name it once.`,
    ),
  ];
};

const references: Rule = (mapping) => {
  const all = referencesOf(mapping).map(({ role, reference }) => ({
    reference,
    at: `${role}s[${mapping[`${role}s`].indexOf(reference)}]`,
  }));
  const columns = targetPlaces(mapping).map(({ name }) => name);
  return [
    ...repeated(all.map(({ reference, at }) => ({ name: reference.name, at: `${at}.name` })))
      .filter(({ place }) => place.name !== '')
      .map(({ place, first }) => `${place.at} repeats ${shown(place.name)} of ${first.at}; the ledger counts by name.`),
    ...all
      .filter(({ reference }) => reference.lookup.table !== '' && isSelfReference(mapping, reference))
      .flatMap(({ reference, at }) =>
        (['key', 'value'] as const)
          .filter((end) => reference.lookup[end] !== '' && !columns.includes(reference.lookup[end]))
          .map(
            (end) =>
              `${at}.lookup.${end} is ${shown(reference.lookup[end])}, which this mapping does not write into ` +
              `its own table; name one of its target columns.`,
          ),
      ),
    ...all
      .filter(({ reference }) => reference.flag !== undefined && reference.missing !== 'null' && !reference.optional)
      .map(
        ({ at }) => `${at}.flag can never be set, as no row is loaded without an answer; remove it, or set missing.`,
      ),
  ];
};

const lineage: Rule = ({ lineage: { values, constants } }) => {
  const reserved: readonly string[] = Object.values(LINEAGE_HASHES);
  const places = [
    ...values.map(({ name }, index) => ({ name, at: `lineage.values[${index}].name` })),
    ...Object.keys(constants).map((name) => ({ name, at: 'lineage.constants' })),
  ].filter(({ name }) => name !== '');
  return [
    ...places
      .filter(({ name }) => reserved.includes(name))
      .map(({ name, at }) => `${at} is ${shown(name)}, which Carryover writes itself; choose another name.`),
    ...repeated(places).map(
      ({ place, first }) => `${place.at} repeats ${shown(place.name)} of ${first.at}; rename one.`,
    ),
  ];
};

const report: Rule = (mapping) => {
  const written = targetPlaces(mapping).map(({ name }) => name);
  const read = [...namedColumns(mapping), ...(mapping.source.ignored ?? [])];
  const time = mapping.columns.find((rule) => rule.target === mapping.report.time);
  return [
    ...(['state', 'time', 'case'] as const)
      .filter((use) => !!mapping.report[use] && !written.includes(mapping.report[use]))
      .map((use) => `report.${use} is ${shown(mapping.report[use])}; name a target column that this mapping writes.`),
    ...(!mapping.report.status || read.includes(mapping.report.status)
      ? []
      : [`report.status is ${shown(mapping.report.status)}; name a source column that this mapping names.`]),
    ...(time === undefined || time.convert.kind === 'instant' || time.convert.kind === 'date'
      ? []
      : [`report.time is ${shown(mapping.report.time)}, a column of ${time.convert.kind}; name an instant or a date.`]),
  ];
};

/** The rules about names and places; those about converters are in `converter-rules.ts`. */
export const NAME_RULES: readonly Rule[] = [names, key, targets, ignored, references, lineage, report];
