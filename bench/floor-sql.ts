/**
 * The floors' SQL, written by hand as somebody would for this one table, and on purpose without a line of Carryover's
 * own: that both end in the same state is the proof that neither took a shortcut.
 */

/** Folder of the floors' staging table in the target. */
export const FLOOR_SCHEMA = 'bench_floor';

/**
 * COPY escapes made by the source server, so that the client prints them raw: `--batch` alone escapes tab, newline and
 * backslash, but no carriage return, on which COPY stumbles; and it prints NULL and the word NULL alike.
 */
const copyText = (column: string): string =>
  `IFNULL(REPLACE(REPLACE(REPLACE(REPLACE(${column}, '\\\\', '\\\\\\\\'), '\\t', '\\\\t'), '\\n', '\\\\n'), '\\r', '\\\\r'), '\\\\N')`;

/** What the client of the source prints, as COPY text of {@link CREATE_STAGE}'s columns. */
export const READ_SOURCE = `
SELECT id, instruction_id, status, \`on\`, IFNULL(actor_id, '\\\\N'), ${copyText('reason')}, ${copyText('notes')}, created_at
FROM dispatch_state`;

export const CREATE_STAGE = `
DROP SCHEMA IF EXISTS ${FLOOR_SCHEMA} CASCADE;
CREATE SCHEMA ${FLOOR_SCHEMA};
CREATE UNLOGGED TABLE ${FLOOR_SCHEMA}.dispatch_state (
  id             bigint,
  instruction_id bigint,
  status         smallint,
  is_on          boolean,
  actor_id       bigint,
  reason         text,
  notes          text,
  created_at     timestamp
)`;

export const COPY_STAGE = `${FLOOR_SCHEMA}.dispatch_state from stdin`;

/**
 * Ids by uuid-ossp, hashes by sha256(), both instants of an hour that came twice told apart as the mapping does (first).
 * PostgreSQL takes the second of the two: where an hour earlier reads as the same wall clock, that is the first.
 */
export const INSERT_ROWS = `
INSERT INTO public.case_states
  (id, legacy_id, state, reason, notes, changed_at, case_id, actor_id, is_system_generated, metadata)
SELECT id, legacy_id, state, reason, notes, changed_at, case_id, actor_id, actor_id IS NULL,
  jsonb_build_object(
    'source_state_id', legacy_id,
    'source_status', status,
    'source_on', is_on,
    'source_actor_id', legacy_actor,
    'source_instruction_id', instruction_id,
    'migration_source', 'dispatch_state',
    'source_row_sha256', encode(sha256(convert_to(
      length(legacy_id::text) || ':' || legacy_id
      || '2:' || status
      || coalesce(octet_length(reason) || ':' || reason, 'N')
      || coalesce(octet_length(notes) || ':' || notes, 'N')
      || '19:' || created_at
      || length(instruction_id::text) || ':' || instruction_id
      || coalesce(length(legacy_actor::text) || ':' || legacy_actor, 'N')
      || '1:' || is_on::integer, 'UTF8')), 'hex'),
    'target_row_sha256', encode(sha256(convert_to(
      '36:' || id
      || length(legacy_id::text) || ':' || legacy_id
      || length(state::text) || ':' || state
      || coalesce(octet_length(reason) || ':' || reason, 'N')
      || coalesce(octet_length(notes) || ':' || notes, 'N')
      || '22:' || changed_at
      || '36:' || case_id
      || coalesce('36:' || actor_id, 'N')
      || CASE WHEN actor_id IS NULL THEN '4:true' ELSE '5:false' END, 'UTF8')), 'hex'))
FROM (
  SELECT uuid_generate_v5('8d6d3ce7-bcd7-5472-8fae-e0c0884c7276', length(s.id::text) || ':' || s.id) AS id,
    s.id AS legacy_id,
    (CASE s.status WHEN 11 THEN 'treatment_active' WHEN 12 THEN 'case_closed' END)::public.case_state_type AS state,
    s.reason, s.notes, s.created_at,
    CASE
      WHEN extract(month FROM s.created_at) = 10 AND extract(hour FROM s.created_at) = 2
        AND ((s.created_at AT TIME ZONE 'Europe/Berlin') - interval '1 hour') AT TIME ZONE 'Europe/Berlin' = s.created_at
      THEN (s.created_at AT TIME ZONE 'Europe/Berlin') - interval '1 hour'
      ELSE s.created_at AT TIME ZONE 'Europe/Berlin'
    END AS changed_at,
    o.case_id, p.id AS actor_id, s.status, s.is_on, s.actor_id AS legacy_actor, s.instruction_id
  FROM ${FLOOR_SCHEMA}.dispatch_state s
    JOIN public.orders o ON o.instruction_id = s.instruction_id
    LEFT JOIN public.profiles p ON p.legacy_user_id = s.actor_id
  WHERE s.status IN (11, 12)
  OFFSET 0
) r
ORDER BY id`;
