/** Conversions, lookups and flags that are wrong in the way code is wrong: each run must end not proven, since nothing reads a value back by them. */
import type { ConverterForms } from '../../database/converters/converter';
import { formsOf } from '../../database/converters';
import { caseStates } from '../../mappings/case-states';
import type * as CatalogModule from '../../mappings/catalog';
import type { ConverterSpec } from '../../mappings/converter-spec';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import { NOBODY_ELSE, createEngine, migrate } from '../support/engine';
import type * as EngineModule from '../support/engine';
import type { Engine } from '../support/engine';
import type * as PortsModule from '../../worker/ports';
import { again, withChanges } from '../support/mutant';
import type { Change } from '../support/mutant';

let engine: Engine;

beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 120 } });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await engine?.drop();
});

type ToTarget = ConverterForms<ConverterSpec>['toTarget'];

/** Wraps the conversion of a kind. */
function mutate(kind: ConverterSpec['kind'], wrong: (right: ToTarget) => ToTarget): void {
  // Looked up by its kind alone.
  const forms = formsOf({ kind } as ConverterSpec);
  const right = forms.toTarget.bind(forms);
  jest.spyOn(forms, 'toTarget').mockImplementation(wrong(right));
}

const verdictOf = async (mapping: Mapping): Promise<string> => (await migrate(engine, mapping)).headline.verdict;

const inLondon: (right: ToTarget) => ToTarget = (right) => (spec, text, mapping) =>
  right(spec, text, { ...mapping, time: { ...mapping.time, zone: 'Europe/London' } });

const onlyZeroNull =
  (wrong: (right: ToTarget) => ToTarget): ((right: ToTarget) => ToTarget) =>
  (right) =>
  (spec, text, mapping) =>
    ('zero' in spec && spec.zero === 'null' ? wrong(right) : right)(spec, text, mapping);

it.each([
  ['case-states', caseStates, 'proven_with_exceptions'],
  ['messages', messages, 'proven'],
])('an undisturbed run of %s is proven', async (_name, mapping, verdict) => {
  expect(await verdictOf(mapping)).toBe(verdict);
});

it.each<[string, Mapping, ConverterSpec['kind'], (right: ToTarget) => ToTarget]>([
  [
    'two arms of the codes are swapped',
    caseStates,
    'code',
    () => (_spec, text) => `(CASE ${text} WHEN '12' THEN 'treatment_active' ELSE 'case_closed' END)::case_state_type`,
  ],
  ['wall clocks are read in another zone', caseStates, 'instant', inLondon],
  ['a text is cut', caseStates, 'text', () => (_spec, text) => `left(${text}, 3)`],
  ['wall clocks that may be zero are read in another zone', messages, 'instant', onlyZeroNull(inLondon)],
  ['all wall clocks that may be zero become NULL', messages, 'instant', onlyZeroNull(() => () => 'NULL::timestamptz')],
  [
    'days that may be zero are one late',
    messages,
    'date',
    (right) => (spec, text, mapping) => `(${right(spec, text, mapping)} + 1)`,
  ],
  [
    'decimals lose their cents',
    messages,
    'decimal',
    (right) => (spec, text, mapping) => `trunc(${right(spec, text, mapping)})`,
  ],
])('the run is not proven where %s', async (_what, mapping, kind, wrong) => {
  mutate(kind, wrong);
  expect(await verdictOf(mapping)).toBe('not_proven');
});

const REFERENCES = 'database/target/references.ts';

it.each<[string, Change]>([
  [
    'each reference gets the answer of its neighbour',
    { file: REFERENCES, edits: [['LEFT JOIN known k USING (key)`', 'LEFT JOIN known k ON k.key = w.key + 1`']] },
  ],
  [
    'the first of two ambiguous answers is taken',
    { file: REFERENCES, edits: [['count(*) AS answers, bool_and(staged)', '1::bigint AS answers, bool_and(staged)']] },
  ],
  [
    'the flag is turned',
    { file: 'database/target/expressions.ts', edits: [['`((${answer}) IS NULL)`', '`((${answer}) IS NOT NULL)`']] },
  ],
])('the run is not proven where %s', async (_what, change) => {
  const ambiguous = await createEngine({ sample: { rows: 400, dirty: true } });
  try {
    await withChanges([change], async () => {
      // Through modules that have the change.
      const { migrate: migrateBy } = again<typeof EngineModule>('test/support/engine');
      const { createPorts } = again<typeof PortsModule>('worker/ports');
      const { catalog } = again<typeof CatalogModule>('mappings/catalog');
      const ports = createPorts({ ...ambiguous, catalog, temporal: NOBODY_ELSE });
      expect((await migrateBy({ ...ambiguous, ports }, caseStates)).headline.verdict).toBe('not_proven');
    });
  } finally {
    await ambiguous.drop();
  }
});
