/** What a run leaves, in a form that two runs can be compared by: rows and ids, ledger, decisions, and each write. */
import type { Mapping } from '../../../mappings/mapping';
import { targetKey } from '../../../mappings/mapping';
import { watchLedger } from './ledger-reader';

export const tableOf = (mapping: Mapping): string => `"${mapping.target.schema}"."${mapping.target.table}"`;

/** Lock that holds up each write of the target while a test has it. */
export const GATE = 42;

/** Notes each write of the target, refuses those that a test has poisoned, and waits at the gate. */
export const watchWrites = (mapping: Mapping): string => `
CREATE SCHEMA rig;
CREATE TABLE rig.writes (legacy_key text NOT NULL, op text NOT NULL);
CREATE TABLE rig.poison (legacy_key text PRIMARY KEY);
CREATE FUNCTION rig.note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE key text := coalesce(to_jsonb(NEW), to_jsonb(OLD)) ->> TG_ARGV[0];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${GATE});
  IF EXISTS (SELECT FROM rig.poison WHERE legacy_key = key) THEN RAISE EXCEPTION 'poisoned'; END IF;
  INSERT INTO rig.writes VALUES (key, TG_OP);
  RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON ${tableOf(mapping)}
  FOR EACH ROW EXECUTE FUNCTION rig.note('${targetKey(mapping)[0]!}');
${watchLedger(tableOf(mapping))}`;

const list = (columns: string, from: string, order: string): string =>
  `(SELECT coalesce(jsonb_agg(to_jsonb(x) ORDER BY ${order}), '[]') FROM (SELECT ${columns} FROM ${from}) x)`;

/** Left out: numbers of attempts, tokens and backends, and when things happened. */
export const readEvidence = (mapping: Mapping): string => `
SELECT
  (SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY ${mapping.id.target}), '')) FROM ${tableOf(mapping)} t) AS target,
  (SELECT count(*)::int FROM ${tableOf(mapping)}) AS "targetRows",
  (SELECT md5(coalesce(string_agg(w::text, ',' ORDER BY legacy_key, op), '')) FROM rig.writes w) AS writes,
  (SELECT count(*)::int FROM (SELECT FROM rig.writes GROUP BY legacy_key HAVING count(*) > 1) w) AS "writtenTwice",
  ${list('run_id, mode, base_run, kept, found, held, undoes, state, verdict, epoch, concurrency, max_parked', 'carryover.runs', 'run_id')} AS runs,
  ${list('run_id, batch, after_key, to_key, state, source, inserted, updated, unchanged, quarantined, excluded, excluded_by_decision, pending, cause, compared, differences, gone, taken_away, undoes AS undone_batch', 'carryover.batches', 'run_id, batch')} AS batches,
  ${list('legacy_key, reasons, columns, source_row_sha256, state, attempts, first_run, last_run', 'carryover.quarantine', 'legacy_key')} AS quarantine,
  ${list('run_id, batch, legacy_key, reason', 'carryover.quarantine_occurrences', 'run_id, batch, legacy_key')} AS occurrences,
  ${list('run_id, batch, kind, legacy_key', 'carryover.findings', 'run_id, batch, kind, legacy_key')} AS findings,
  ${list('run_id, name, compared, found', 'carryover.checks', 'run_id, name')} AS checks,
  ${list('run_id, batch, reference, outcome, rows', 'carryover.lookups', 'run_id, batch, reference, outcome')} AS lookups,
  ${list('run_id, batch, legacy_key, md5(target_row::text) AS row', 'carryover.before_images', 'run_id, batch, legacy_key')} AS images,
  ${list('run_id, batch, legacy_keys', 'carryover.inserted_keys', 'run_id, batch')} AS keys,
  ${list('run_id, batch, legacy_key, base_run, base_batch, was, now', 'carryover.settled_keys', 'run_id, batch, legacy_key')} AS settled,
  ${list('verb, reason, batches, details, run_id', 'carryover.audit', 'verb, batches')} AS audit,
  ${list('outcome, run_id', 'carryover.starts', 'outcome, run_id')} AS starts,
  (SELECT count(*)::int FROM carryover.runs WHERE state = 'finished' AND report IS NULL) AS "withoutReport",
  ${list('tablename', `pg_tables WHERE schemaname = 'carryover_stage'`, 'tablename')} AS stages`;

export type Evidence = Readonly<Record<string, unknown>>;

const RUN_FIELDS = ['run', 'run_id', 'first_run', 'last_run', 'base_run', 'undoes'];

/** Numbers runs from 1: a server that is killed leaves a gap in their own numbers, and nothing else shows there. */
export function numberRuns(evidence: Evidence & { readonly runs?: unknown }): Evidence {
  const ids = (evidence.runs as { run_id: number }[]).map(({ run_id }) => String(run_id));
  const numbered = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(numbered);
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).map(([name, of]): [string, unknown] =>
      RUN_FIELDS.includes(name) && of !== null ? [name, ids.indexOf(String(of)) + 1] : [name, numbered(of)],
    );
    return Object.fromEntries(fields);
  };
  return numbered(evidence) as Evidence;
}

/** The parts in which two runs differ, with both sides in short. */
export function differencesOf(found: Evidence, undisturbed: Evidence): string[] {
  const short = (value: unknown): string => JSON.stringify(value).slice(0, 400);
  return Object.keys(undisturbed)
    .filter((part) => JSON.stringify(found[part]) !== JSON.stringify(undisturbed[part]))
    .map((part) => `${part} is ${short(found[part])} instead of ${short(undisturbed[part])}`);
}
