import type { Mapping } from './mapping';

/** Messages of a thread: a composite key, decimals, dates that may be zero, and references that may be absent. */
export const messages: Mapping = {
  name: 'messages',
  domain: 'communication',
  source: { table: 'message', key: ['thread_id', 'position'] },
  time: { zone: 'Europe/Berlin', gap: 'quarantine', fold: 'quarantine' },
  id: { namespace: '720609d3-58d2-58de-8429-3c491c150d3e', target: 'id' },
  target: { schema: 'public', table: 'messages' },
  cases: [
    {
      name: 'order',
      source: 'order_number',
      convert: { kind: 'text' },
      lookup: { table: 'orders', key: 'order_number', value: 'id' },
      target: 'order_id',
      missing: 'quarantine',
      optional: true,
    },
  ],
  actors: [
    {
      name: 'sender',
      source: 'sender_id',
      convert: { kind: 'integer', type: 'bigint' },
      lookup: { table: 'profiles', key: 'legacy_user_id', value: 'id' },
      target: 'sender_id',
      missing: 'quarantine',
    },
  ],
  columns: [
    { source: 'thread_id', target: 'legacy_thread_id', convert: { kind: 'integer', type: 'bigint' } },
    { source: 'position', target: 'legacy_position', convert: { kind: 'integer', type: 'integer' } },
    { source: 'subject', target: 'subject', convert: { kind: 'text', max: 200 } },
    { source: 'body', target: 'body', convert: { kind: 'text' }, nullable: true },
    { source: 'fee', target: 'fee', convert: { kind: 'decimal', precision: 12, scale: 2 }, nullable: true },
    { source: 'due_on', target: 'due_on', convert: { kind: 'date', zero: 'null' }, nullable: true },
    { source: 'sent_at', target: 'sent_at', convert: { kind: 'instant', precision: 3, zero: 'quarantine' } },
    { source: 'read_at', target: 'read_at', convert: { kind: 'instant', precision: 0, zero: 'null' }, nullable: true },
  ],
  lineage: {
    target: 'lineage',
    values: [
      { name: 'source_order_number', source: 'order_number', convert: { kind: 'text' } },
      { name: 'source_sender_id', source: 'sender_id', convert: { kind: 'integer', type: 'bigint' } },
      { name: 'source_due_on', source: 'due_on', convert: { kind: 'text' } },
      { name: 'source_read_at', source: 'read_at', convert: { kind: 'text' } },
    ],
    constants: { migration_source: 'message' },
  },
  report: { time: 'sent_at' },
};
