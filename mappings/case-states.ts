import type { Mapping } from './mapping';

/** The state changes of a case, that the first migration missed. */
export const caseStates: Mapping = {
  name: 'case-states',
  domain: 'case lifecycle',
  source: { table: 'dispatch_state', key: ['id'] },
  time: { zone: 'Europe/Berlin', gap: 'quarantine', fold: 'first' },
  id: { namespace: '8d6d3ce7-bcd7-5472-8fae-e0c0884c7276', target: 'id' },
  target: { schema: 'public', table: 'case_states' },
  cases: [
    {
      name: 'case',
      source: 'instruction_id',
      convert: { kind: 'integer', type: 'bigint' },
      lookup: { table: 'orders', key: 'instruction_id', value: 'case_id' },
      target: 'case_id',
      missing: 'quarantine',
    },
  ],
  actors: [
    {
      name: 'actor',
      source: 'actor_id',
      convert: { kind: 'integer', type: 'bigint' },
      lookup: { table: 'profiles', key: 'legacy_user_id', value: 'id' },
      target: 'actor_id',
      missing: 'null',
      flag: 'is_system_generated',
    },
  ],
  columns: [
    { source: 'id', target: 'legacy_id', convert: { kind: 'integer', type: 'bigint' } },
    {
      source: 'status',
      target: 'state',
      convert: {
        kind: 'code',
        type: 'case_state_type',
        codes: { 11: 'treatment_active', 12: 'case_closed' },
        unknown: 'quarantine',
      },
    },
    { source: 'reason', target: 'reason', convert: { kind: 'text', max: 120 }, nullable: true },
    { source: 'notes', target: 'notes', convert: { kind: 'text' }, nullable: true },
    { source: 'created_at', target: 'changed_at', convert: { kind: 'instant', precision: 0, zero: 'quarantine' } },
  ],
  lineage: {
    target: 'metadata',
    values: [
      { name: 'source_state_id', source: 'id', convert: { kind: 'integer', type: 'bigint' } },
      { name: 'source_status', source: 'status', convert: { kind: 'integer', type: 'bigint' } },
      { name: 'source_on', source: 'on', convert: { kind: 'boolean' } },
      { name: 'source_actor_id', source: 'actor_id', convert: { kind: 'integer', type: 'bigint' } },
      { name: 'source_instruction_id', source: 'instruction_id', convert: { kind: 'integer', type: 'bigint' } },
    ],
    constants: { migration_source: 'dispatch_state' },
  },
  report: { status: 'status', state: 'state', time: 'changed_at', case: 'case_id' },
};
