import { caseStates } from '../../mappings/case-states';
import { defineMapping, examineMapping } from '../../mappings/define';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';

// Untyped on purpose: each case below writes what the type forbids, since a mapping may come from plain JavaScript.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
type Draft = { -readonly [K in keyof Mapping]: any };

/** The problems of a mapping after one change. */
function problemsAfter(change: (draft: Draft) => void, base: Mapping = caseStates): readonly string[] {
  const draft = structuredClone(base) as unknown as Draft;
  change(draft);
  return examineMapping(draft).problems;
}

/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- the drafts are untyped on purpose */
const mutations: [change: (draft: Draft) => void, problem: string][] = [
  [(d) => (d.name = 'Case States'), 'name is "Case States"; use kebab-case'],
  [(d) => (d.name = ''), 'name is ""; give a text that is not empty'],
  [(d) => delete (d as { domain?: unknown }).domain, 'the mapping lacks the field "domain"; add it'],
  [(d) => ((d as unknown as Record<string, unknown>).colour = 1), 'the mapping has the unknown field "colour"'],
  [(d) => (d.time = undefined), 'the mapping lacks the field "time"'],
  [(d) => (d.columns = {}), 'columns is no list'],
  [(d) => (d.source.key = []), 'source.key names no column'],
  [(d) => (d.source.key = ['id', 'id']), 'source.key[1] repeats "id" of source.key[0]'],
  [(d) => (d.source.key = ['number']), 'source.key: column "number" has no entry in columns'],
  [(d) => (d.columns[0].nullable = true), 'columns[0] (id) is nullable; a key column never is'],
  [(d) => (d.source.where = 7), 'source.where is 7; give a text that is not empty'],
  [(d) => (d.source.ignored = ['reason']), 'source.ignored[0] is "reason", which the mapping reads'],
  [(d) => (d.source.ignored = ['x', 'x']), 'source.ignored[1] repeats "x" of source.ignored[0]'],
  [(d) => (d.time.zone = 'Europe/Berlyn'), 'time.zone is "Europe/Berlyn"; give an IANA name'],
  [(d) => (d.time.zone = '+01:00'), 'time.zone is "+01:00"; give an IANA name'],
  [(d) => (d.time.gap = 'shift'), 'time.gap is "shift"; use one of "quarantine"'],
  [(d) => (d.time.fold = 'third'), 'time.fold is "third"; use one of "first", "second", "quarantine"'],
  [(d) => (d.id.namespace = 'case-states'), 'id.namespace is "case-states"; give a UUID'],
  [
    (d) => (d.columns[2].target = 'notes'),
    'columns[3].target writes the target column "notes", which columns[2].target',
  ],
  [(d) => (d.columns[2].target = 'id'), 'columns[2].target writes the target column "id", which id.target writes'],
  [(d) => (d.actors[0].flag = 'state'), 'actors[0].flag writes the target column "state", which columns[1].target'],
  [(d) => (d.lineage.target = 'notes'), 'lineage.target writes the target column "notes", which columns[3].target'],
  [(d) => (d.columns[2].target = 'r'.repeat(64)), 'a name of PostgreSQL has up to 63 bytes'],
  [(d) => (d.columns[2].convert.max = 0), 'columns[2].convert.max is 0; give a whole number of at least 1'],
  [(d) => (d.columns[2].convert.width = 3), 'columns[2].convert has the unknown field "width"'],
  [(d) => (d.columns[2].convert.kind = 'xml'), 'columns[2].convert.kind is "xml"; use one of "integer", "boolean"'],
  [(d) => (d.columns[2].convert = 'text'), 'columns[2].convert is "text"; give { kind: … }'],
  [
    (d) => (d.columns[2].convert = { kind: 'float', type: 'half' }),
    'columns[2].convert.type is "half"; use one of "double", "real"',
  ],
  [(d) => (d.columns[2].convert = { kind: 'duration', precision: 7 }), 'columns[2].convert.precision is 7'],
  [(d) => (d.columns[2].convert = { kind: 'json', type: 'jsonb' }), 'keeps what JSON says, and not its text'],
  [(d) => (d.columns[2].convert = { kind: 'boolean', max: 1 }), 'columns[2].convert has the unknown field "max"'],
  [(d) => (d.columns[0].convert.type = 'int8'), 'columns[0].convert.type is "int8"; use one of "bigint", "integer"'],
  [(d) => (d.columns[2].nullable = 'yes'), 'columns[2].nullable is "yes"; give true or false'],
  [
    (d) => (d.columns[2].convert = { kind: 'decimal', precision: 4, scale: 5 }),
    'columns[2].convert has the scale 5 above its precision 4',
  ],
  [
    (d) => (d.columns[2].convert = { kind: 'decimal', precision: 66, scale: 0 }),
    'columns[2].convert.precision is 66; give a whole number from 1 to 65',
  ],
  [(d) => (d.columns[4].convert.precision = 7), 'columns[4].convert.precision is 7; give a whole number from 0 to 6'],
  [(d) => (d.columns[4].convert.zero = 'now'), 'columns[4].convert.zero is "now"'],
  [(d) => (d.columns[1].convert.codes = {}), 'columns[1].convert.codes lists no code'],
  [(d) => (d.columns[1].convert.codes['11 '] = 'x'), 'columns[1].convert.codes has the code "11 " with blanks'],
  [(d) => (d.columns[1].convert.codes['13'] = 5), 'columns[1].convert.codes.13 is 5; give a text'],
  [(d) => (d.columns[1].convert.unknown = 'null'), 'columns[1].convert.unknown is "null"; use "quarantine" or'],
  [(d) => (d.columns[1].convert.unknown = {}), 'columns[1].convert.unknown lacks the field "value"'],
  [
    (d) => {
      d.columns[1].convert.unknown = { value: 'case_closed' };
      d.lineage.values.splice(1, 1);
    },
    'columns[1] (status) gives unknown codes one label; keep the source value in lineage.values as text or integer',
  ],
  [
    (d) => {
      d.columns[1].convert.codes['13'] = 'case_closed';
      d.lineage.values.splice(1, 1);
    },
    'columns[1] (status) gives two codes one label; keep the source value in lineage.values',
  ],
  [
    (d) => Object.assign(d.columns[4], { convert: { kind: 'instant', precision: 0, zero: 'null' }, nullable: true }),
    'columns[4] (created_at) makes NULL of zero dates; keep the source value in lineage.values as text',
  ],
  [(d) => (d.columns[4].convert.zero = 'null'), 'columns[4] (created_at) makes NULL of zero dates but is not nullable'],
  [
    (d) => (d.columns[0].convert = { kind: 'date', zero: 'null' }),
    'source.key: the converter of "id" makes NULL of zero dates; a key must lead back to its row',
  ],
  [
    (d) => (d.lineage.values[0].convert = { kind: 'boolean' }),
    'lineage.values[0] reads the source column "id" as boolean, columns[0] reads it as integer',
  ],
  [
    (d) => (d.columns[1].convert.codes.open = 'case_open'),
    'lineage.values[1] reads the source column "status" as integer, columns[1] reads it as code',
  ],
  [
    (d) => d.columns.push({ source: 'id', target: 'legacy_text', convert: { kind: 'text' } }),
    'columns[5] reads the source column "id" as text, columns[0] reads it as integer',
  ],
  [(d) => (d.cases[0].convert = { kind: 'text' }), 'lineage.values[4] reads the source column "instruction_id"'],
  [
    (d) => (d.cases[0].convert = { kind: 'date', zero: 'null' }),
    'cases[0].convert.kind is "date"; use one of "integer"',
  ],
  [(d) => d.lineage.values.splice(4, 1), 'cases[0] (instruction_id) is not in lineage.values; keep it there'],
  [(d) => d.lineage.values.splice(3, 1), 'actors[0] (actor_id) is not in lineage.values; keep it there'],
  [(d) => delete d.cases[0].lookup.value, 'cases[0].lookup lacks the field "value"; add it'],
  [(d) => (d.cases[0].missing = 'skip'), 'cases[0].missing is "skip"; use one of "quarantine", "null"'],
  [(d) => (d.actors[0].name = 'case'), 'actors[0].name repeats "case" of cases[0].name'],
  [(d) => (d.actors[0].missing = 'quarantine'), 'actors[0].flag can never be set'],
  [
    (d) => (d.cases[0].lookup.table = 'case_states'),
    'cases[0].lookup.key is "instruction_id", which this mapping does',
  ],
  [(d) => (d.lineage.values[1].name = 'source_state_id'), 'lineage.values[1].name repeats "source_state_id"'],
  [(d) => (d.lineage.constants.source_on = 'x'), 'lineage.constants repeats "source_on" of lineage.values[2].name'],
  [(d) => (d.lineage.values[2].name = 'target_row_sha256'), 'which Carryover writes itself; choose another name'],
  [(d) => (d.report.state = 'stat'), 'report.state is "stat"; name a target column that this mapping writes'],
  [(d) => (d.report.time = 'created_at'), 'report.time is "created_at"; name a target column'],
  [(d) => (d.report.time = 'reason'), 'report.time is "reason", a column of text; name an instant or a date'],
  [(d) => (d.report.case = 'case'), 'report.case is "case"; name a target column'],
  [(d) => (d.report.status = 'state'), 'report.status is "state"; name a source column'],
  [(d) => (d.report.actor = 'actor_id'), 'report has the unknown field "actor"'],
];

describe('a mapping is validated when it is loaded', () => {
  it.each([caseStates, messages])('takes the mapping as it was written ($name)', (mapping) => {
    expect(defineMapping(mapping)).toEqual(mapping);
  });

  it.each(mutations.map(([change, problem], index) => ({ index, change, problem })))(
    'refuses change $index: $problem',
    ({ change, problem }) => {
      expect(problemsAfter(change)).toContainEqual(expect.stringContaining(problem));
    },
  );

  it('says where, what and what to do, in one sentence each', () => {
    for (const [change] of mutations) {
      for (const problem of problemsAfter(change)) expect(problem).toMatch(/^[a-z].*[:;] .*\.$/);
    }
  });

  it('lists all problems in one error', () => {
    const broken = { ...caseStates, name: 'Case States', id: { namespace: 'x', target: 'id' }, source: { table: 't' } };
    let message = '';
    try {
      defineMapping(broken);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('The mapping Case States cannot be used:');
    for (const part of ['name is', 'id.namespace is', 'source lacks the field "key"']) expect(message).toContain(part);
  });

  it.each([null, 'case-states', 7, [], undefined])('refuses %p, which is no mapping', (value) => {
    expect(() => defineMapping(value)).toThrow('the mapping');
  });

  it('does not repeat a fault of the shape as faults of the rules', () => {
    expect(problemsAfter((d) => (d.columns[0].convert = { kind: 'int' }))).toHaveLength(1);
    expect(problemsAfter((d) => delete d.cases[0].source)).toHaveLength(1);
    expect(problemsAfter((d) => delete d.lineage.values[1].convert)).toHaveLength(1);
  });

  it('lets text be kept of what is read in any other form', () => {
    expect(problemsAfter((d) => (d.lineage.values[2].convert = { kind: 'text' }))).toEqual([]);
    expect(problemsAfter((d) => (d.lineage.values[1].convert = { kind: 'text' }))).toEqual([]);
  });

  it('takes a reference into its own table', () => {
    const self = {
      name: 'previous',
      source: 'previous_id',
      convert: { kind: 'integer', type: 'bigint' },
      lookup: { table: 'case_states', key: 'legacy_id', value: 'id' },
      target: 'previous_state_id',
      missing: 'null',
      optional: true,
    };
    const kept = { name: 'source_previous_id', source: 'previous_id', convert: self.convert };
    expect(problemsAfter((d) => (d.cases.push(self), d.lineage.values.push(kept)))).toEqual([]);
  });

  it('gives out a frozen copy', () => {
    const defined = defineMapping(caseStates);
    expect(Object.isFrozen(defined.columns[1]!.convert)).toBe(true);
    expect(Object.isFrozen(caseStates)).toBe(false);
  });
});
