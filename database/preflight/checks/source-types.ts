import type { ConverterSpec } from '../../../mappings/converter-spec';
import type { Mapping } from '../../../mappings/mapping';
import { referencesOf } from '../../../mappings/mapping';
import { sourceMisfit } from '../carried-types';
import type { Context } from '../context';
import { findSourceColumn } from '../source-facts';

interface Use {
  readonly source: string;
  readonly convert: ConverterSpec;
  readonly lineage: boolean;
}

function usesOf(mapping: Mapping): Use[] {
  return [
    ...mapping.columns.map(({ source, convert }) => ({ source, convert, lineage: false })),
    ...referencesOf(mapping).map(({ reference: { source, convert } }) => ({ source, convert, lineage: false })),
    ...mapping.lineage.values.map(({ source, convert }) => ({ source, convert, lineage: true })),
  ];
}

/** The type of every column that the mapping names is one that its converter carries. */
export async function sourceTypes(context: Context): Promise<string[]> {
  const columns = await context.sourceColumns();
  const problems = usesOf(context.mapping).flatMap(({ source, convert, lineage }) => {
    const column = findSourceColumn(columns, source);
    const misfit = column && sourceMisfit(column, convert, lineage);
    if (misfit === undefined) return [];
    return [
      `The source's column "${context.mapping.source.table}.${source}" is ${column!.columnType}, which the converter "${convert.kind}"${lineage ? ' of the lineage' : ''} does not carry: ${misfit}.`,
    ];
  });
  // Two rules over one column have the same fault.
  return [...new Set(problems)];
}
