/**
 * Kinds of damage, each with the kind under which a verification must tell of it. What is planted is SQL on the target;
 * `$KEY` stands for the legacy id of a row that was loaded, `$OTHER` for another one's, `$HELD` for one in quarantine.
 */
import type { FindingKind } from '../../shared/findings';

export interface Planting {
  readonly name: string;
  /** Which rows it can be planted on: a predicate of `t`, a row of case_states, or of `q`, one of quarantine. */
  readonly on?: string;
  readonly sql: string;
  readonly kind: FindingKind;
  /** Columns that it names; none where the damage is in none that the source has. */
  readonly columns?: readonly string[];
  /** Whether the other row is told of too, and as what. */
  readonly other?: FindingKind;
}

const set = (assignments: string): string => `UPDATE case_states t SET ${assignments} WHERE legacy_id = $KEY`;

/** As a writer would that knows of the lineage: the hash of the target row follows the damage. */
const forge = (assignments: string): string => `${set(assignments)}; SELECT forge($KEY)`;

const meta = (name: string, value: string): string => `metadata = jsonb_set(metadata, '{${name}}', ${value})`;

const inQuarantine = (assignments: string): string =>
  `UPDATE carryover.quarantine q SET ${assignments} WHERE migration = 'case-states' AND legacy_key = '$HELD'`;

const NO_REASON = 'reason IS NULL';
const NOTES = `notes ~ '[a-z]'`;

/** Rows of the target. */
const IN_TARGET: readonly Planting[] = [
  { name: 'row lost', sql: 'DELETE FROM case_states WHERE legacy_id = $KEY', kind: 'deleted_in_target' },
  {
    name: 'row lost, and its key in the ledger',
    sql: `DELETE FROM case_states WHERE legacy_id = $KEY;
          UPDATE carryover.inserted_keys SET legacy_keys = array_remove(legacy_keys, '$KEY')`,
    kind: 'missing',
  },
  {
    name: 'wrong case',
    sql: set('case_id = (SELECT id FROM cases WHERE id <> t.case_id LIMIT 1)'),
    kind: 'changed_in_target',
  },
  {
    name: 'wrong case, forged',
    sql: forge('case_id = (SELECT id FROM cases WHERE id <> t.case_id LIMIT 1)'),
    kind: 'stale',
    columns: ['instruction_id'],
  },
  {
    name: 'wrong actor',
    on: 'actor_id IS NOT NULL',
    sql: set('actor_id = (SELECT id FROM profiles WHERE id <> t.actor_id LIMIT 1)'),
    kind: 'changed_in_target',
  },
  {
    name: 'wrong actor, forged',
    on: 'actor_id IS NOT NULL',
    sql: forge('actor_id = (SELECT id FROM profiles WHERE id <> t.actor_id LIMIT 1)'),
    kind: 'stale',
    columns: ['actor_id'],
  },
  { name: 'actor nulled', on: 'actor_id IS NOT NULL', sql: set('actor_id = NULL'), kind: 'changed_in_target' },
  {
    name: 'actor nulled, forged',
    on: 'actor_id IS NOT NULL',
    sql: forge('actor_id = NULL, is_system_generated = true'),
    kind: 'stale',
    columns: ['actor_id'],
  },
  {
    name: 'actor invented, forged',
    on: 'actor_id IS NULL',
    sql: forge('actor_id = (SELECT id FROM profiles LIMIT 1), is_system_generated = false'),
    kind: 'stale',
    columns: ['actor_id'],
  },
  { name: 'flag turned', sql: set('is_system_generated = NOT is_system_generated'), kind: 'changed_in_target' },
  {
    name: 'flag turned, forged',
    sql: forge('is_system_generated = NOT is_system_generated'),
    kind: 'stale',
    columns: ['actor_id'],
  },
  {
    name: 'state swapped',
    sql: set(`state = (CASE state WHEN 'case_closed' THEN 'treatment_active' ELSE 'case_closed' END)::case_state_type`),
    kind: 'changed_in_target',
    columns: ['status'],
  },
  {
    name: 'state swapped, forged',
    sql: forge(
      `state = (CASE state WHEN 'case_closed' THEN 'treatment_active' ELSE 'case_closed' END)::case_state_type`,
    ),
    kind: 'changed',
    columns: ['status'],
  },
  {
    name: 'an hour later',
    sql: set(`changed_at = changed_at + interval '1 hour'`),
    kind: 'changed_in_target',
    columns: ['created_at'],
  },
  {
    name: 'an hour later, forged',
    sql: forge(`changed_at = changed_at + interval '1 hour'`),
    kind: 'changed',
    columns: ['created_at'],
  },
  {
    name: 'the other hour of the fold, forged',
    on: `(changed_at AT TIME ZONE 'Europe/Berlin') = ((changed_at + interval '1 hour') AT TIME ZONE 'Europe/Berlin')`,
    sql: forge(`changed_at = changed_at + interval '1 hour'`),
    kind: 'changed',
  },
  {
    name: 'a microsecond later',
    sql: set(`changed_at = changed_at + interval '1 microsecond'`),
    kind: 'changed_in_target',
    columns: ['created_at'],
  },
  {
    name: 'a microsecond later, forged',
    sql: forge(`changed_at = changed_at + interval '1 microsecond'`),
    kind: 'changed',
    columns: ['created_at'],
  },
  {
    name: 'a character of the notes',
    on: NOTES,
    sql: forge(`notes = overlay(notes placing '#' from 2 for 1)`),
    kind: 'changed',
    columns: ['notes'],
  },
  { name: 'letter case', on: NOTES, sql: forge('notes = upper(notes)'), kind: 'changed', columns: ['notes'] },
  { name: 'a trailing blank', on: NOTES, sql: forge(`notes = notes || ' '`), kind: 'changed', columns: ['notes'] },
  {
    name: 'another normal form',
    on: `notes <> normalize(notes, NFD)`,
    sql: forge('notes = normalize(notes, NFD)'),
    kind: 'changed',
    columns: ['notes'],
  },
  { name: 'empty for NULL', on: NO_REASON, sql: forge(`reason = ''`), kind: 'changed', columns: ['reason'] },
  { name: 'NULL for text', on: NOTES, sql: forge('notes = NULL'), kind: 'changed', columns: ['notes'] },
  {
    name: 'text moved into its neighbour',
    on: `${NOTES} AND ${NO_REASON}`,
    sql: forge('reason = left(notes, 5), notes = substr(notes, 6)'),
    kind: 'changed',
    columns: ['reason', 'notes'],
  },
  { name: 'another id', sql: set('id = gen_random_uuid()'), kind: 'changed_in_target', columns: ['case_states.id'] },
  { name: 'another id, forged', sql: forge('id = gen_random_uuid()'), kind: 'changed', columns: ['case_states.id'] },
  { name: 'metadata gone', sql: set(`metadata = '{}'`), kind: 'extra' },
  {
    name: 'key of the metadata missing',
    on: `metadata ->> 'source_actor_id' IS NOT NULL`,
    sql: set(`metadata = metadata - 'source_actor_id'`),
    kind: 'changed',
    columns: ['actor_id'],
  },
  {
    name: 'value of the metadata edited',
    on: `metadata ->> 'source_on' IS NOT NULL`,
    sql: set(meta('source_on', `to_jsonb(NOT (metadata ->> 'source_on')::boolean)`)),
    kind: 'changed',
    columns: ['on'],
  },
  { name: 'constant of the metadata edited', sql: set(meta('migration_source', `'"elsewhere"'`)), kind: 'changed' },
  {
    name: 'hash of the target row gone',
    sql: set(`metadata = metadata - 'target_row_sha256'`),
    kind: 'changed_in_target',
  },
  {
    name: 'hash of the target row edited',
    sql: set(meta('target_row_sha256', `to_jsonb(repeat('0', 64))`)),
    kind: 'changed_in_target',
  },
  {
    name: 'hash of the source row edited',
    sql: set(meta('source_row_sha256', `to_jsonb(repeat('0', 64))`)),
    kind: 'changed',
  },
  {
    name: 'status and its lineage edited',
    sql: forge(`state = 'case_closed', ${meta('source_status', `'12'`)}`),
    on: `state = 'treatment_active'`,
    kind: 'changed',
    columns: ['status'],
  },
  {
    name: 'reference edited in the lineage',
    sql: forge(meta('source_instruction_id', `to_jsonb((metadata ->> 'source_instruction_id')::bigint + 1)`)),
    kind: 'changed',
    columns: ['instruction_id'],
  },
  {
    name: 'values of two rows exchanged',
    sql: `UPDATE case_states t SET state = o.state, notes = o.notes, changed_at = o.changed_at + interval '1 second'
          FROM case_states o WHERE (t.legacy_id, o.legacy_id) IN (($KEY, $OTHER), ($OTHER, $KEY));
          SELECT forge($KEY), forge($OTHER)`,
    kind: 'changed',
    other: 'changed',
  },
  {
    name: 'keys of two rows exchanged',
    sql: `UPDATE case_states SET legacy_id = -77777777 WHERE legacy_id = $KEY;
          UPDATE case_states SET legacy_id = $KEY WHERE legacy_id = $OTHER;
          UPDATE case_states SET legacy_id = $OTHER WHERE legacy_id = -77777777`,
    kind: 'changed_in_target',
    other: 'changed_in_target',
  },
];

/** Rows that are too many: `$KEY` is the row that they are made of, and nothing is told of it. */
export const TOO_MANY: readonly Planting[] = [
  { name: 'extra row above all', sql: copyAs('(SELECT max(legacy_id) + 1 FROM case_states)'), kind: 'extra' },
  { name: 'extra row below all', sql: copyAs('(SELECT least(min(legacy_id), 0) - 1 FROM case_states)'), kind: 'extra' },
];

function copyAs(key: string): string {
  return `INSERT INTO case_states (id, case_id, state, actor_id, is_system_generated, reason, notes, changed_at, metadata, legacy_id)
    SELECT gen_random_uuid(), case_id, state, actor_id, is_system_generated, reason, notes, changed_at, metadata, ${key}
    FROM case_states WHERE legacy_id = $KEY`;
}

/** Rows in quarantine. */
const IN_QUARANTINE: readonly Planting[] = [
  { name: 'row in quarantine also loaded', sql: copyAs('$HELD'), kind: 'stale' },
  {
    name: 'row in quarantine lost',
    sql: `DELETE FROM carryover.quarantine_occurrences WHERE migration = 'case-states' AND legacy_key = '$HELD';
          DELETE FROM carryover.quarantine WHERE migration = 'case-states' AND legacy_key = '$HELD'`,
    kind: 'missing',
  },
  {
    name: 'raw row edited',
    sql: inQuarantine(`source_row = jsonb_set(source_row, '{notes}', '"edited"')`),
    kind: 'changed',
    columns: ['notes'],
  },
  { name: 'hash of the raw row edited', sql: inQuarantine(`source_row_sha256 = repeat('0', 64)`), kind: 'changed' },
  {
    name: 'id of the row edited',
    sql: inQuarantine('target_id = gen_random_uuid()'),
    kind: 'changed',
    columns: ['case_states.id'],
  },
  {
    name: 'reason edited',
    on: `q.reason = 'case_unmapped'`,
    sql: inQuarantine(`reason = 'case_ambiguous', reasons = '{case_ambiguous}', columns = '{instruction_id}'`),
    kind: 'stale',
    columns: ['instruction_id'],
  },
  {
    name: 'another reason',
    on: `q.reason = 'case_unmapped'`,
    sql: inQuarantine(`reason = 'value_too_long', reasons = '{value_too_long}', columns = '{reason}'`),
    kind: 'stale',
    columns: ['reason'],
  },
  {
    name: 'an unknown reason',
    sql: inQuarantine(`reason = 'lost', reasons = '{lost}', columns = '{notes}'`),
    kind: 'stale',
    columns: ['notes'],
  },
  { name: 'columns emptied', sql: inQuarantine(`columns = '{}'`), kind: 'stale', columns: [] },
  {
    name: 'reasons emptied',
    sql: inQuarantine(`reason = 'lost', reasons = '{}', columns = '{}'`),
    kind: 'stale',
    columns: [],
  },
  { name: 'a blank column', sql: inQuarantine(`reasons = reasons[1:1], columns = '{""}'`), kind: 'stale', columns: [] },
  { name: 'id of the row lost', sql: inQuarantine('target_id = NULL'), kind: 'changed', columns: ['case_states.id'] },
  { name: 'set to replayed', sql: inQuarantine(`state = 'replayed'`), kind: 'missing' },
];

export const PLANTINGS: readonly Planting[] = [...IN_TARGET, ...IN_QUARANTINE];

export const needsHeld = ({ sql }: Planting): boolean => sql.includes('$HELD');
export const needsOther = ({ sql }: Planting): boolean => sql.includes('$OTHER');

/** Computes the hash of a target row anew, as whoever wrote it would; the columns in the order of the mapping. */
export const FORGE = `
CREATE FUNCTION forge(key bigint) RETURNS void LANGUAGE sql AS $$
  UPDATE case_states t SET metadata = jsonb_set(metadata, '{target_row_sha256}', to_jsonb(encode(sha256(convert_to((
    SELECT string_agg(coalesce(octet_length(v) || ':' || v, 'N'), '' ORDER BY n)
    FROM unnest(ARRAY[t.id::text, t.legacy_id::text, t.state::text, t.reason, t.notes, t.changed_at::text, t.case_id::text,
                      t.actor_id::text, t.is_system_generated::text]) WITH ORDINALITY AS c (v, n)), 'UTF8')), 'hex')))
  WHERE legacy_id = key
$$`;
