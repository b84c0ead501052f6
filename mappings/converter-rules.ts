/**
 * What must hold for the converters of a mapping, so that a run can be proved: every value that a conversion does not
 * lead back from is kept in the lineage, and a source column that is named twice is staged once, in one form.
 */
import type { ConverterSpec } from './converter-spec';
import { sameMeaning } from './fingerprint';
import { converterOf, namedColumns, type Mapping } from './mapping';
import { UNREADABLE } from './read-converter';
import { shown } from './read-shape';

type Rule = (mapping: Mapping) => string[];

/** A use of a source column, and whether it only keeps the value. */
interface Use {
  readonly at: string;
  readonly source: string;
  readonly convert: ConverterSpec;
  readonly kept: boolean;
}

/** A code is read as a number where each one is written as the server writes numbers. */
const WHOLE_NUMBER = /^(0|-?[1-9][0-9]*)$/;

function usesOf(mapping: Mapping): Use[] {
  const uses = (at: string, kept: boolean, list: readonly { source: string; convert: ConverterSpec }[]): Use[] =>
    list.map(({ source, convert }, index) => ({ at: `${at}[${index}]`, source, convert, kept }));
  return [
    ...uses('columns', false, mapping.columns),
    ...uses('cases', false, mapping.cases),
    ...uses('actors', false, mapping.actors),
    ...uses('lineage.values', true, mapping.lineage.values),
  ].filter(({ source, convert }) => source !== '' && convert !== UNREADABLE);
}

/** Whether the text that is staged for `first` can be read by `use` without a test of its own. */
function readsAlike(first: ConverterSpec, use: Use): boolean {
  if (sameMeaning(first, use.convert)) return true;
  const unbounded = use.convert.kind === 'text' && use.convert.max === undefined;
  if (unbounded && (use.kept || first.kind === 'text')) return true;
  return (
    first.kind === 'code' &&
    use.convert.kind === 'integer' &&
    Object.keys(first.codes).every((c) => WHOLE_NUMBER.test(c))
  );
}

/** Why a converter does not lead back to the source's text, or null where it does. */
function oneWay(spec: ConverterSpec): string | null {
  if ('zero' in spec) return spec.zero === 'null' ? 'makes NULL of zero dates' : null;
  if (spec.kind === 'json') return spec.type === 'jsonb' ? 'keeps what JSON says, and not its text' : null;
  if (spec.kind !== 'code') return null;
  if (spec.unknown !== 'quarantine') return 'gives unknown codes one label';
  const labels = Object.values(spec.codes);
  return new Set(labels).size < labels.length ? 'gives two codes one label' : null;
}

const readAlike: Rule = (mapping) => {
  const uses = usesOf(mapping);
  return namedColumns(mapping).flatMap((column) => {
    const [first, ...others] = uses.filter(({ source }) => source === column);
    if (first === undefined) return [];
    return others
      .filter((use) => !readsAlike(first.convert, use))
      .map(
        (use) =>
          `${use.at} reads the source column ${shown(column)} as ${use.convert.kind}, ${first.at} reads it as ` +
          `${first.convert.kind}; name the same converter with the same settings in both.`,
      );
  });
};

const zeroNeedsNull: Rule = (mapping) =>
  mapping.columns.flatMap(({ source, convert, nullable }, index) =>
    'zero' in convert && convert.zero === 'null' && nullable !== true
      ? [
          `columns[${index}] (${source}) makes NULL of zero dates but is not nullable; set nullable, or quarantine them.`,
        ]
      : [],
  );

const keptWhereOneWay: Rule = (mapping) =>
  mapping.columns.flatMap(({ source, convert }, index) => {
    const why = oneWay(convert);
    if (why === null || source === '') return [];
    const kinds = convert.kind === 'code' ? ['text', 'integer'] : ['text'];
    const kept = mapping.lineage.values.some(
      (value) => value.source === source && (value.convert === UNREADABLE || kinds.includes(value.convert.kind)),
    );
    return kept
      ? []
      : [`columns[${index}] (${source}) ${why}; keep the source value in lineage.values as ${kinds.join(' or ')}.`];
  });

const keyLeadsBack: Rule = (mapping) =>
  [...new Set(mapping.source.key)].flatMap((column) => {
    if (!mapping.columns.some((rule) => rule.source === column)) return [];
    const why = oneWay(converterOf(mapping, column));
    return why === null
      ? []
      : [`source.key: the converter of ${shown(column)} ${why}; a key must lead back to its row.`];
  });

const referencesKept: Rule = (mapping) =>
  (['cases', 'actors'] as const).flatMap((role) =>
    mapping[role].flatMap(({ source }, index) =>
      source === '' || mapping.lineage.values.some((value) => value.source === source)
        ? []
        : [
            `${role}[${index}] (${source}) is not in lineage.values; keep it there, so that verification can read it back.`,
          ],
    ),
  );

export const CONVERTER_RULES: readonly Rule[] = [
  readAlike,
  zeroNeedsNull,
  keptWhereOneWay,
  keyLeadsBack,
  referencesKept,
];
