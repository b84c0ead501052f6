import type { ConverterSpec } from '../../mappings/converter-spec';
import { literalPg, quotePg } from '../target/quote';
import type { ConverterForms } from './converter';

type CodeSpec = Extract<ConverterSpec, { kind: 'code' }>;

const typeName = (spec: CodeSpec): string => quotePg(spec.type);

const invertible = (spec: CodeSpec): boolean => {
  const labels = Object.values(spec.codes);
  return spec.unknown === 'quarantine' && new Set(labels).size === labels.length;
};

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
  targetText: (spec, value) => {
    if (!invertible(spec)) return null;
    const arms = Object.entries(spec.codes).map(([from, to]) => `WHEN ${literalPg(to)} THEN ${literalPg(from)}`);
    // A label that no code maps to shows as itself, and so as a difference.
    return `(CASE ${value}::text ${arms.join(' ')} ELSE ${value}::text END)`;
  },
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
