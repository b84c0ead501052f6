/** Looks at a run's ledger every 20 ms, each time in one snapshot, and writes down what does not add up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const EVERY_MS = 20;

/** Looks of one call, after each of which it hears whether to stop: for half a second. */
const LOOKS = 25;

/** Loads of which something is not there that was committed with them, by the query that counts it. */
const without = (count: string): string => `count(*) FILTER (WHERE state IN ('loaded', 'validated') AND ${count})`;

/**
 * Procedures of the test that look, on the server: dozens of readers that ask each time cost more than all that they look
 * at. Each look is one statement, so one snapshot: whether the lines of the ledger close, and whether any of them has
 * changed. Where one has, and at the end of each call, what was committed with the lines is looked at too, in a snapshot of
 * its own. Rows written twice are not looked for: what is noted of writes only grows, and is looked through at the end.
 *
 * @param table the target table, quoted
 */
export const watchLedger = (table: string): string => `
CREATE FUNCTION rig.faults() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT concat_ws('; ',
      nullif(quarantine, 0) || ' loads are without their quarantine',
      nullif(images, 0) || ' loads are without their before-images',
      nullif(keys, 0) || ' loads are without their keys',
      CASE WHEN inserted > (SELECT count(*) FROM ${table}) THEN 'target rows that were committed are not there' END,
      (SELECT string_agg('run ' || run_id || ' does not close', '; ')
       FROM carryover.run_balance WHERE source <> loaded + quarantined + excluded + pending))
    FROM (
      SELECT sum(inserted) - sum(taken_away) AS inserted,
        ${without(`quarantined <> (SELECT count(*) FROM carryover.quarantine_occurrences o
          WHERE o.run_id = b.run_id AND o.batch = b.batch)`)} AS quarantine,
        ${without(`updated + taken_away <> (SELECT count(*) FROM carryover.before_images i
          WHERE i.run_id = b.run_id AND i.batch = b.batch)`)} AS images,
        ${without(`inserted <> coalesce((SELECT cardinality(legacy_keys) FROM carryover.inserted_keys k
          WHERE k.run_id = b.run_id AND k.batch = b.batch), 0)`)} AS keys
      FROM carryover.batches b) ledger
$$;
CREATE PROCEDURE rig.watch(looks int, milliseconds int) LANGUAGE plpgsql AS $$
DECLARE
  unclosed int;
  version numeric;
  seen numeric;
  found text := '';
  due timestamptz := clock_timestamp();
BEGIN
  FOR look IN 1..looks LOOP
    SELECT count(*) FILTER (WHERE source <> inserted + updated + unchanged + quarantined + excluded + pending),
           sum(xmin::text::bigint)
      INTO unclosed, version FROM carryover.batches;
    IF unclosed > 0 THEN RAISE NOTICE '% batches do not close', unclosed; END IF;
    IF look = looks OR version IS DISTINCT FROM seen THEN
      seen := version;
      SELECT rig.faults() INTO found;
      IF found <> '' THEN RAISE NOTICE '%', found; END IF;
    END IF;
    -- No lock and no snapshot of it outlives a look.
    COMMIT;
    due := greatest(due + make_interval(secs => milliseconds / 1000.0), clock_timestamp());
    PERFORM pg_sleep(extract(epoch FROM due - clock_timestamp()));
  END LOOP;
END $$`;

export interface LedgerReader {
  readonly snapshots: number;
  readonly violations: readonly string[];
  stop(): Promise<void>;
}

/** Looks until it is told to stop; the seeds of the rig have the procedure. */
export function readLedger(url: string): LedgerReader {
  const violations = new Set<string>();
  let snapshots = 0;
  let stopped = false;
  const read = async (): Promise<void> => {
    while (!stopped) {
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, options: '-c jit=off' });
      client.on('error', () => undefined);
      client.on('notice', ({ severity, message = '' }) => {
        // What a server that is killed says is a warning.
        if (severity === 'NOTICE') violations.add(message);
      });
      try {
        await client.connect();
        while (!stopped) {
          await client.query(`CALL rig.watch(${LOOKS}, ${EVERY_MS})`);
          snapshots += LOOKS;
        }
      } catch (error) {
        // The server is down, which is what most of these tests do to it; anything else would be a fault of the test.
        const { code = '' } = error as { code?: string };
        if (/^(42|22)/.test(code)) violations.add(`the reader failed: ${(error as Error).message}`);
        await sleep(EVERY_MS);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  };
  const reading = read();
  return {
    get snapshots() {
      return snapshots;
    },
    get violations() {
      return [...violations];
    },
    stop: async () => {
      stopped = true;
      await reading;
    },
  };
}
