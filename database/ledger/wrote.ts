/** What a run wrote, by what it left behind: a batch that is loaded a second time counts but what that load wrote. */

/** SQL of the rows that a batch, by an alias, inserted, changed or took out. */
export const rowsWritten = (alias: string): string => `(
  coalesce((SELECT cardinality(i.legacy_keys) FROM carryover.inserted_keys i
    WHERE i.run_id = ${alias}.run_id AND i.batch = ${alias}.batch), 0)
  + (SELECT count(*) FROM carryover.before_images i WHERE i.run_id = ${alias}.run_id AND i.batch = ${alias}.batch))`;

/** SQL condition that a run wrote something: rows, or lines of quarantine that were not there. */
export const runWrote = (run: string): string => `(
  EXISTS (SELECT FROM carryover.inserted_keys i WHERE i.run_id = ${run})
  OR EXISTS (SELECT FROM carryover.before_images i WHERE i.run_id = ${run})
  OR EXISTS (SELECT FROM carryover.quarantine q WHERE q.first_run = ${run}))`;

/** Forgets images of lines of quarantine, as a statement, where the run wrote nothing: no undo ever asks for them. */
export const forgetVainImages = (run: string): string => `
  DELETE FROM carryover.quarantine_images WHERE run_id = ${run} AND NOT ${runWrote(run)}`;
