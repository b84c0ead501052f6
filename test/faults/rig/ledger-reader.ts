/** Looks at a run's ledger every 20 ms, each time in one snapshot, and writes down what does not add up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const EVERY_MS = 20;

/**
 * One statement, so one snapshot. Each column counts what must not be: lines and runs that do not close; committed loads
 * whose quarantine, images or keys are not there; target rows missing below what loads committed; rows written twice.
 */
const look = (table: string): string => `
SELECT
  (SELECT count(*)::int FROM carryover.batches
   WHERE source <> inserted + updated + unchanged + quarantined + excluded + pending) AS "batches that do not close",
  (SELECT count(*)::int FROM carryover.run_balance
   WHERE source <> loaded + quarantined + excluded + pending) AS "runs that do not close",
  (SELECT count(*)::int FROM carryover.batches b WHERE state IN ('loaded', 'validated') AND quarantined <>
     (SELECT count(*) FROM carryover.quarantine_occurrences o WHERE o.run_id = b.run_id AND o.batch = b.batch)
  ) AS "loads without their quarantine",
  (SELECT count(*)::int FROM carryover.batches b WHERE state IN ('loaded', 'validated') AND updated <>
     (SELECT count(*) FROM carryover.before_images i WHERE i.run_id = b.run_id AND i.batch = b.batch)
  ) AS "loads without their before-images",
  (SELECT count(*)::int FROM carryover.batches b WHERE state IN ('loaded', 'validated') AND inserted <> coalesce(
     (SELECT cardinality(legacy_keys) FROM carryover.inserted_keys k WHERE k.run_id = b.run_id AND k.batch = b.batch), 0)
  ) AS "loads without their keys",
  greatest(0, (SELECT coalesce(sum(inserted), 0) FROM carryover.batches) - (SELECT count(*) FROM ${table}))::int
    AS "target rows that committed loads wrote, and are not there",
  (SELECT count(*)::int FROM (SELECT FROM rig.writes GROUP BY legacy_key HAVING count(*) > 1) w)
    AS "rows written more than once"`;

export interface LedgerReader {
  readonly snapshots: number;
  readonly violations: readonly string[];
  stop(): Promise<void>;
}

/** @param table the target table, quoted */
export function readLedger(url: string, table: string): LedgerReader {
  const violations = new Set<string>();
  const query = { name: 'look', text: look(table) };
  let snapshots = 0;
  let stopped = false;
  const read = async (): Promise<void> => {
    while (!stopped) {
      // Planned once: dozens of readers look at the same time.
      const options = '-c plan_cache_mode=force_generic_plan -c jit=off';
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, options });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!stopped) {
          const next = sleep(EVERY_MS);
          const { rows } = await client.query<Record<string, number>>(query);
          snapshots += 1;
          for (const [what, count] of Object.entries(rows[0]!)) if (count > 0) violations.add(`${count} ${what}`);
          await next;
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
