/** Lines of the quarantine, with their values, as CSV or as JSON lines; pure. */
import type { WholeLine } from '../database/quarantine/values';

export const EXPORT_FORMATS = ['jsonl', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

type Value = string | null | { readonly base64: string };

/** What stands before the source's columns. */
const OWN: readonly (readonly [title: string, of: (line: WholeLine) => string])[] = [
  ['row', ({ row }) => row],
  ['key', ({ key }) => key],
  ['state', ({ state }) => state],
  ['reasons', ({ reasons }) => reasons.join(' ')],
  ['columns', ({ columns }) => columns.join(' ')],
  ['attempts', ({ attempts }) => String(attempts)],
  ['first_run', ({ first }) => first.run],
  ['first_batch', ({ first }) => String(first.batch)],
  ['first_seen', ({ first }) => first.at],
  ['last_run', ({ last }) => last.run],
  ['last_batch', ({ last }) => String(last.batch)],
  ['last_seen', ({ last }) => last.at],
  ['source_row_sha256', ({ sourceRowSha256 }) => sourceRowSha256],
];

/** A cell as RFC 4180 has it: what is empty is quoted, so that it is told from NULL, which is nothing. */
export function cell(value: Value): string {
  if (value === null) return '';
  // Bytes that are no text; no text of the source begins so but by chance, and the JSON lines tell them apart.
  const text = typeof value === 'string' ? value : `base64:${value.base64}`;
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param columns the source's, in their order */
export function csvHeader(columns: readonly string[]): string {
  return [...OWN.map(([title]) => title), ...columns.map((column) => `source.${column}`)].map(cell).join(',');
}

export const csvLine = (line: WholeLine, columns: readonly string[]): string =>
  [...OWN.map(([, of]) => of(line)), ...columns.map((column) => line.values?.[column] ?? null)].map(cell).join(',');

export const jsonLine = (line: WholeLine): string => JSON.stringify(line);
