/** The statements of the oracle. */

/** NUL is looked for among bytes: to the collation it weighs nothing, and is found everywhere. */
const holdsNul = (column: string): string =>
  `coalesce(locate(cast(char(0) AS BINARY), cast(${column} AS BINARY)) > 0, 0)`;

export const SOURCE_ROWS = `
SELECT id, instruction_id, status, \`on\` + 0, actor_id, cast(created_at AS CHAR),
       coalesce(char_length(reason) > 120, 0),
       ${holdsNul('reason')} OR ${holdsNul('notes')}
FROM dispatch_state`;

export const STAGING = `
CREATE TEMP TABLE oracle_row (
  id          bigint PRIMARY KEY,
  instruction bigint,
  status      integer,
  flag        integer,
  actor       bigint,
  clock       text,
  too_long    smallint,
  nul         smallint
)`;

/** Each row's reasons against loading, its case, its actor and its time. */
export const FATES = `
CREATE TEMP TABLE oracle_case AS
SELECT instruction_id, count(DISTINCT case_id) AS cases, min(case_id::text) AS case_id
FROM public.orders GROUP BY instruction_id;

CREATE TEMP TABLE oracle_actor AS
SELECT legacy_user_id, count(DISTINCT id) AS profiles FROM public.profiles GROUP BY legacy_user_id;

CREATE TEMP TABLE oracle_fate AS
WITH timed AS (
  SELECT *, CASE WHEN pg_input_is_valid(clock, 'timestamp') THEN clock::timestamp END AS wall FROM oracle_row
), placed AS (
  SELECT *, wall AT TIME ZONE 'Europe/Berlin' AS instant FROM timed
), judged AS (
  SELECT p.*,
         coalesce(c.cases, 0) AS cases, c.case_id,
         coalesce(a.profiles, 0) AS profiles,
         CASE p.status WHEN 11 THEN 'treatment_active' WHEN 12 THEN 'case_closed' END AS state,
         -- Of a time that was twice, the first: an hour before the other.
         CASE WHEN (p.instant - interval '1 hour') AT TIME ZONE 'Europe/Berlin' = p.wall
              THEN p.instant - interval '1 hour' ELSE p.instant END AS changed_at,
         p.instant AT TIME ZONE 'Europe/Berlin' IS DISTINCT FROM p.wall AS in_gap
  FROM placed p
  LEFT JOIN oracle_case c ON c.instruction_id = p.instruction
  LEFT JOIN oracle_actor a ON a.legacy_user_id = p.actor
)
SELECT *,
       CASE
         WHEN cases = 0 THEN 'case_unmapped'
         WHEN cases > 1 THEN 'case_ambiguous'
         WHEN state IS NULL THEN 'code_unknown'
         WHEN flag NOT IN (0, 1) OR nul = 1 OR wall IS NULL THEN 'value_invalid'
         WHEN too_long = 1 THEN 'value_too_long'
         WHEN in_gap THEN 'time_gap'
       END AS reason
FROM judged`;

export const FIGURES = `
WITH loaded AS (
  SELECT * FROM oracle_fate WHERE reason IS NULL
), followed AS (
  SELECT state, lead(state) OVER (PARTITION BY case_id ORDER BY changed_at, id) AS next FROM loaded
), by_state AS (
  SELECT state, count(*) AS rows, round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS share
  FROM loaded GROUP BY state
), per_year AS (
  SELECT extract(year FROM wall)::integer AS year, count(*) AS rows FROM loaded GROUP BY 1
), by_year AS (
  SELECT year, rows, lag(rows) OVER (ORDER BY year) AS before FROM per_year
), by_change AS (
  SELECT state, next, count(*) AS rows FROM followed WHERE next IS NOT NULL GROUP BY state, next
), by_reason AS (
  SELECT reason, status::text AS status, count(*) AS rows FROM oracle_fate WHERE reason IS NOT NULL GROUP BY 1, 2
)
SELECT json_build_object(
  'balance', (SELECT json_build_object('source', count(*), 'loaded', count(*) FILTER (WHERE reason IS NULL),
                                       'quarantined', count(reason), 'excluded', 0, 'pending', 0) FROM oracle_fate),
  'actors', (SELECT json_build_object('mapped', count(*) FILTER (WHERE profiles = 1),
                                      'missing', count(*) FILTER (WHERE profiles <> 1)) FROM loaded),
  'states', (SELECT coalesce(json_agg(json_build_object('state', state, 'rows', rows, 'share', share)
                                      ORDER BY rows DESC, state COLLATE "C"), '[]') FROM by_state),
  'years', (SELECT coalesce(json_agg(json_build_object('year', year, 'rows', rows,
                                       'growth', round(100.0 * (rows - before) / before, 2))
                                     ORDER BY year), '[]') FROM by_year),
  'transitions', (SELECT coalesce(json_agg(json_build_object('from', state, 'to', next, 'rows', rows)
                                     ORDER BY rows DESC, state COLLATE "C", next COLLATE "C"), '[]') FROM by_change),
  'quarantine', (SELECT coalesce(json_agg(json_build_object('reason', reason, 'status', status, 'rows', rows)
                                     ORDER BY reason COLLATE "C", status COLLATE "C"), '[]') FROM by_reason)
) AS answer`;

/** Lookup keys with exactly one distinct answer. */
export const AVAILABLE = `
SELECT json_build_object(
  'case', (SELECT count(*) FROM oracle_case WHERE cases = 1),
  'actor', (SELECT count(*) FROM oracle_actor WHERE profiles = 1)
) AS answer`;
