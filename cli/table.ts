/** Rows of cells as aligned columns of plain text; pure. */

export interface Column {
  readonly title: string;
  /** Figures are read from their right end. */
  readonly right?: boolean;
}

/** A column that is empty in every row is left out. */
export function table(columns: readonly Column[], lines: readonly (readonly string[])[]): string {
  const shown = columns.map((column, index) => ({ ...column, index })).filter(isFilled);
  const widths = shown.map(({ title, index }) => Math.max(title.length, ...lines.map((line) => line[index]!.length)));
  const draw = (cell: (column: (typeof shown)[number]) => string): string =>
    shown
      .map((column, position) =>
        column.right === true ? cell(column).padStart(widths[position]!) : cell(column).padEnd(widths[position]!),
      )
      .join('  ')
      .trimEnd();
  return [draw(({ title }) => title), ...lines.map((line) => draw(({ index }) => line[index]!))].join('\n');

  function isFilled({ index }: { index: number }): boolean {
    return lines.some((line) => line[index] !== '');
  }
}
