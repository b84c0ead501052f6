import type { ConverterSpec } from '../../mappings/converter-spec';
import type { Mapping, Reference } from '../../mappings/mapping';
import { referencesOf } from '../../mappings/mapping';

/** A column of the target that the load writes, and what with. */
export type WrittenColumn = {
  readonly name: string;
  /** Whether the load may write NULL into it. */
  readonly nullable: boolean;
} & (
  | { readonly from: 'id' | 'flag' | 'lineage' }
  | { readonly from: 'rule'; readonly convert: ConverterSpec }
  | { readonly from: 'reference'; readonly reference: Reference }
);

/** Every column that the load writes, each once. */
export function writtenColumns(mapping: Mapping): WrittenColumn[] {
  const written: WrittenColumn[] = [
    { name: mapping.id.target, nullable: false, from: 'id' },
    ...mapping.columns.map((rule) => ({
      name: rule.target,
      nullable: rule.nullable === true,
      from: 'rule' as const,
      convert: rule.convert,
    })),
    ...referencesOf(mapping).flatMap(({ reference }): WrittenColumn[] => [
      {
        name: reference.target,
        nullable: reference.missing === 'null' || reference.optional === true,
        from: 'reference',
        reference,
      },
      ...(reference.flag === undefined ? [] : [{ name: reference.flag, nullable: false, from: 'flag' as const }]),
    ]),
    { name: mapping.lineage.target, nullable: false, from: 'lineage' },
  ];
  // Two references may share a flag.
  return [...new Map(written.map((column) => [column.name, column])).values()];
}
