import { misplaced, spreadColumns } from '../../database/verify/spread';
import type { Group, HeldGroup } from '../../database/verify/spread';
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';

const hex = (text: string | null): string => Buffer.from(text === null ? 'N' : `V${text}`).toString('hex');
const group = (status: string | null, year: string, rows: number): Group => ({ texts: [hex(status), hex(year)], rows });
const loaded = (status: string, year: string, rows: number, state: string | null): HeldGroup => ({
  ...group(status, year, rows),
  state,
  quarantined: false,
});
const held = (status: string | null, year: string, rows: number): HeldGroup => ({
  ...group(status, year, rows),
  state: null,
  quarantined: true,
});

const THERE = [group('11', '2020', 5), group('12', '2021', 3), group(null, '2021', 1)];
const HERE = [
  loaded('11', '2020', 4, 'treatment_active'),
  held('11', '2020', 1),
  loaded('12', '2021', 3, 'case_closed'),
  held(null, '2021', 1),
];

it('counts by the status, the code of the state and the year that the report shows, each column once', () => {
  expect(spreadColumns(caseStates)).toEqual([
    { column: 'status', isTime: false },
    { column: 'created_at', isTime: true },
  ]);
  expect(spreadColumns(messages)).toEqual([{ column: 'sent_at', isTime: true }]);
  expect(spreadColumns({ ...caseStates, report: {} })).toEqual([]);
});

it('finds nothing where loaded and quarantined rows together are spread as the source is', () => {
  expect(misplaced(caseStates, THERE, HERE)).toBe(0);
});

it.each<[string, HeldGroup[], number]>([
  ['a row in another year', [...HERE.slice(0, 2), loaded('12', '2022', 3, 'case_closed'), HERE[3]!], 6],
  ['a code for NULL', [...HERE.slice(0, 3), held('', '2021', 1)], 2],
  ['a state that its code does not give', [loaded('11', '2020', 4, 'case_closed'), ...HERE.slice(1)], 4],
  ['no state where its code gives one', [loaded('11', '2020', 4, null), ...HERE.slice(1)], 4],
  ['a row that is not there', HERE.slice(0, 3), 1],
])('counts %s', (_what, here, rows) => {
  expect(misplaced(caseStates, THERE, here)).toBe(rows);
});

it('knows the state that a mapping gives codes it does not list', () => {
  const columns = caseStates.columns.map((rule) =>
    rule.convert.kind === 'code' ? { ...rule, convert: { ...rule.convert, unknown: { value: 'intake' } } } : rule,
  );
  const mapping = { ...caseStates, columns };
  const there = [group('99', '2020', 2)];
  expect(misplaced(mapping, there, [loaded('99', '2020', 2, 'intake')])).toBe(0);
  expect(misplaced(mapping, there, [loaded('99', '2020', 2, 'case_closed')])).toBe(2);
});
