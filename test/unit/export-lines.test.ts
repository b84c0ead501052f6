import { cell, csvHeader, csvLine, jsonLine } from '../../cli/export-lines';
import { linesText, rowText } from '../../cli/quarantine-text';
import type { WholeLine } from '../../database/quarantine/values';

const line: WholeLine = {
  row: '7',
  key: '["a,b", "\u001b[2J"]',
  state: 'open',
  reasons: ['code_unknown', 'value_invalid'],
  columns: ['status', 'notes'],
  attempts: 2,
  first: { run: '1', batch: 3, at: '2026-11-24T10:00:00.000Z' },
  last: { run: '4', batch: 1, at: '2026-11-25T10:00:00.000Z' },
  hasValues: true,
  dismissal: null,
  sourceRowSha256: 'ab',
  values: { id: '12', status: null, notes: { base64: 'AAE=' }, reason: '' },
};

describe('a cell', () => {
  it.each([
    [null, ''],
    ['', '""'],
    ['plain', 'plain'],
    ['a "b", c', '"a ""b"", c"'],
    ['two\nlines', '"two\nlines"'],
    [' edge', '" edge"'],
    [{ base64: 'AAE=' }, 'base64:AAE='],
  ])('of %j is %s', (value, text) => expect(cell(value)).toBe(text));
});

it('writes a line with the columns that are asked for, in their order', () => {
  const columns = ['id', 'reason', 'status', 'notes', 'gone'];
  expect(csvHeader(columns).split(',').slice(-6)).toEqual([
    'source_row_sha256',
    ...columns.map((column) => `source.${column}`),
  ]);
  expect(csvLine(line, columns)).toBe(
    '7,"[""a,b"", ""\u001b[2J""]",open,code_unknown value_invalid,status notes,2,1,3,2026-11-24T10:00:00.000Z,4,1,2026-11-25T10:00:00.000Z,ab,12,"",,base64:AAE=,',
  );
  expect(csvLine({ ...line, values: null }, ['id'])).toMatch(/,ab,$/);
  expect(JSON.parse(jsonLine(line))).toEqual(line);
});

it('shows lines without values, and lets no control character reach the terminal', () => {
  const text = linesText([line]);
  expect(text).toContain('["a,b", "·[2J"]');
  expect(text).not.toContain('AAE=');
  const shown = rowText(line);
  expect(shown).toContain('{"base64":"AAE="}');
  expect(shown).toMatch(/status +null/);
  expect(rowText({ ...line, values: null, hasValues: false })).toContain('Its values were purged');
});
