/** What the tests of decisions about rows in quarantine do to a migration, and ask of it. */
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import type { RowChoice } from '../../shared/quarantine-input';
import type { Engine } from '../support/engine';

/** Every record that rows in quarantine wait for appears. */
export const BRING_ORDERS = `
  INSERT INTO orders (id, instruction_id, case_id, order_number)
  SELECT gen_random_uuid(), instruction, (SELECT id FROM cases LIMIT 1), 'late ' || instruction
  FROM (SELECT DISTINCT (source_row ->> 'instruction_id')::bigint AS instruction FROM carryover.quarantine
        WHERE reasons = '{case_unmapped}') q`;

let courier = 0;

/** A decision of a person; of `case-states`, each by a workflow of its own, unless given. */
export const decide = (
  engine: Engine,
  decision: 'dismiss' | 'restore',
  choice: Partial<RowChoice>,
  run = `run ${(courier += 1)}`,
): Promise<string> =>
  engine.ports.quarantine.decide(
    decision,
    { migration: 'case-states', why: 'test entries', ...choice },
    { workflow: 'decides', workflowRun: run },
  );

type Present = Record<string, number | boolean>;

/** The migration's present. */
export const present = async (engine: Engine, mapping: Mapping = caseStates): Promise<Present> => {
  const [line] = await engine.onTarget<Present>(
    `SELECT source::int, loaded::int, quarantined::int, excluded::int, excluded_by_decision::int AS decided, pending::int,
            complete, source = loaded + quarantined + excluded + pending AS closed
     FROM carryover.migration_balance WHERE migration = $1`,
    [mapping.name],
  );
  return line!;
};

/** The same once so many rows have been dismissed. */
export const withDismissed = (before: Present, rows: number): Present => ({
  ...before,
  quarantined: Number(before.quarantined) - rows,
  excluded: Number(before.excluded) + rows,
  decided: Number(before.decided) + rows,
});

export interface Line {
  readonly number: string;
  readonly key: string;
  readonly reason: string;
  readonly state: string;
}

/** Lines of the quarantine in a state, in the order of their keys. */
export const lines = (engine: Engine, state: string, mapping: Mapping = caseStates): Promise<Line[]> =>
  engine.onTarget<Line>(
    `SELECT number::text, legacy_key AS key, reason, state FROM carryover.quarantine
     WHERE migration = $1 AND state = $2 ORDER BY key_numbers, legacy_key`,
    [mapping.name, state],
  );

/** Batches whose line and what their run noted of them do not agree. */
export const misnoted = (engine: Engine): Promise<unknown[]> =>
  engine.onTarget(
    `SELECT run_id, batch FROM carryover.batches b
     WHERE quarantined <> (SELECT count(*) FROM carryover.quarantine_occurrences o WHERE (o.run_id, o.batch) = (b.run_id, b.batch))
        OR excluded_by_decision <> (SELECT count(*) FROM carryover.dismissal_occurrences o WHERE (o.run_id, o.batch) = (b.run_id, b.batch))`,
  );
