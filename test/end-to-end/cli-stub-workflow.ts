/** Stands in for `migrate` where a test is about how the command line waits: `batchRows` says how it goes. */
import { ApplicationFailure, defineQuery, setHandler, sleep } from '@temporalio/workflow';
import type { MigrateInput, MigrateResult, Progress } from '../../shared/messages';

export const SCRIPT = { proven: 1, notProven: 2, refused: 3, endless: 4 } as const;

export async function migrate(input: MigrateInput): Promise<MigrateResult> {
  const run = String(input.concurrency ?? 1);
  let doneRows = 0;
  setHandler(defineQuery<Progress>('status'), (): Progress => ({
    run,
    migration: input.migration,
    state: 'running',
    estimatedRows: 300,
    doneRows,
    inserted: doneRows,
    updated: 0,
    unchanged: 0,
    quarantined: 0,
    excluded: 0,
    batchesDone: 0,
    batchesInFlight: 1,
    batchesParked: doneRows < 200 ? 0 : 1,
    skipped: [],
    concurrency: 2,
    resumed: false,
    differing: [],
    pauseCause: null,
    outage: null,
    looks: null,
    parked: doneRows < 200 ? [] : [{ batch: 2, cause: 'load: a trigger refused it' }],
  }));
  if (input.batchRows === SCRIPT.refused) throw ApplicationFailure.nonRetryable('SELECT is missing', 'PreflightFailed');
  for (; doneRows < 300; doneRows += 100) await sleep(1_500);
  if (input.batchRows === SCRIPT.endless) await sleep('1 day');
  const result: MigrateResult = {
    run,
    migration: input.migration,
    verdict: input.batchRows === SCRIPT.proven ? 'proven_with_exceptions' : 'not_proven',
    source: 300,
    loaded: 290,
    inserted: 290,
    updated: 0,
    unchanged: 0,
    quarantined: 10,
    excluded: 0,
    pending: 0,
    findings: input.batchRows === SCRIPT.proven ? 0 : 3,
  };
  if (result.verdict === 'not_proven') throw ApplicationFailure.nonRetryable('3 findings', 'NotProven', result);
  return result;
}
