/** How figures are written for people, and tables that read well as Markdown and in a terminal alike. */

/** A whole number with thousands separators, whatever the machine's locale: 1,212,706. */
export const count = (value: number): string => value.toLocaleString('en-US');

/** A percentage with two decimals, or a dash where there is none. */
export const rate = (value: number | null): string => (value === null ? '–' : `${value.toFixed(2)} %`);

/** A change in percent with its sign. */
export const change = (value: number | null): string =>
  value === null ? '–' : `${value > 0 ? '+' : ''}${rate(value)}`;

/** A change of a count with its sign. */
export const added = (value: number): string => `${value > 0 ? '+' : ''}${count(value)}`;

/** Text that stands for itself: a name from a database must not become markup, nor end the cell. */
export const code = (text: string): string => {
  const clean = text.replace(/\s+/g, ' ').replaceAll('`', "'").replaceAll('|', '\\|');
  return clean.trim() === '' ? '(empty)' : `\`${clean}\``;
};

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const width = (text: string): number => [...text].length;

/** A Markdown table with padded cells, so that its columns stand in line when it is printed raw. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(3, width(title), ...rows.map((row) => width(row[index] ?? ''))),
  );
  const right = (index: number): boolean => columns[index]?.align === 'right';
  const pad = (text: string, index: number): string => {
    const space = ' '.repeat(Math.max(0, widths[index]! - width(text)));
    return right(index) ? space + text : text + space;
  };
  const print = (cells: readonly string[]): string => `| ${cells.map(pad).join(' | ')} |`;
  const rule = widths.map((size, index) => (right(index) ? `${'-'.repeat(size - 1)}:` : '-'.repeat(size)));
  return [print(columns.map(({ title }) => title)), `| ${rule.join(' | ')} |`, ...rows.map(print)].join('\n');
}
