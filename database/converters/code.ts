import type { ConverterSpec } from '../../mappings/converter-spec';
import { literalPg, quotePg } from '../target/quote';
import type { ConverterForms } from './converter';

type CodeSpec = Extract<ConverterSpec, { kind: 'code' }>;

const typeName = (spec: CodeSpec): string => quotePg(spec.type);

const invertible = (spec: CodeSpec): boolean => {
  const labels = Object.values(spec.codes);
  return spec.unknown === 'quarantine' && new Set(labels).size === labels.length;
};

/** The codes that lead to each label. */
function codesByLabel(spec: CodeSpec): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [code, label] of Object.entries(spec.codes)) found.set(label, [...(found.get(label) ?? []), code]);
  return found;
}

export const code: ConverterForms<CodeSpec> = {
  sourceText: (_spec, column) => `CONVERT(${column} USING utf8mb4)`,
  plainBytes: false,
  unfit: (spec, text) =>
    spec.unknown === 'quarantine'
      ? [{ reason: 'code_unknown', when: `${text} NOT IN (${Object.keys(spec.codes).map(literalPg).join(', ')})` }]
      : [],
  toTarget: (spec, text) => {
    const arms = Object.entries(spec.codes).map(([from, to]) => `WHEN ${literalPg(from)} THEN ${literalPg(to)}`);
    const rest = spec.unknown === 'quarantine' ? '' : ` ELSE ${literalPg(spec.unknown.value)}`;
    // NULL stays NULL: the ELSE arm is for codes, not for their absence.
    return `(CASE WHEN ${text} IS NOT NULL THEN CASE ${text} ${arms.join(' ')}${rest} END END)::${typeName(spec)}`;
  },
  readBack: (spec, value, kept) => {
    const labels = codesByLabel(spec);
    if (invertible(spec)) {
      const arms = [...labels].map(([label, [code]]) => `WHEN ${literalPg(label)} THEN ${literalPg(code!)}`);
      const known = [...labels.keys()].map(literalPg).join(', ');
      return {
        text: `(CASE ${value}::text ${arms.join(' ')} END)`,
        impossible: `coalesce(${value}::text NOT IN (${known}), false)`,
      };
    }
    // Several codes have this label: which it was is what the lineage keeps, if the label is one of that code's.
    const text = kept ?? 'NULL::text';
    const pairs = [...labels].map(
      ([label, codes]) => `(${value}::text = ${literalPg(label)} AND ${text} IN (${codes.map(literalPg).join(', ')}))`,
    );
    if (spec.unknown !== 'quarantine') {
      const listed = Object.keys(spec.codes).map(literalPg).join(', ');
      pairs.push(`(${value}::text = ${literalPg(spec.unknown.value)} AND ${text} NOT IN (${listed}))`);
    }
    const both = `(${value} IS NULL AND ${text} IS NULL)`;
    return { text, impossible: `NOT (${both} OR coalesce(${pairs.join(' OR ')}, false))` };
  },
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
