/** A clinic of a few rows written by hand: what each lookup answers can be read off here. */
import { createEngine } from '../support/engine';
import type { Engine, EngineOptions } from '../support/engine';

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const CASE = { one: uuid(1), two: uuid(2) };
export const PROFILE = uuid(11);

/** Legacy instructions, by what the target's orders say of them. */
export const INSTRUCTION = { known: 1, other: 2, twiceTheSame: 3, ambiguous: 4, none: 5 };
/** Legacy users, by what the target's profiles say of them. */
export const USER = { known: 101, ambiguous: 102, none: 103 };

export interface StateRow {
  id?: number;
  instruction_id?: number;
  status?: number;
  on?: number;
  actor_id?: number | null;
  reason?: string | Buffer | null;
  notes?: string | Buffer | null;
  created_at?: string;
}

/** Both databases with the sample's tables, the lookups above, and no state yet. */
export async function createClinic(options: Pick<EngineOptions, 'temporal'> = {}): Promise<Engine> {
  const engine = await createEngine({ sample: { rows: 10 }, ...options });
  await engine.onSource('DELETE FROM dispatch_state');
  await engine.onTarget('TRUNCATE cases, orders, profiles, case_states, messages');
  await engine.onTarget(`INSERT INTO cases VALUES ($1, 1, '2020-01-01'), ($2, 2, '2020-01-01')`, [CASE.one, CASE.two]);
  await engine.onTarget(
    `INSERT INTO orders (id, instruction_id, case_id, order_number)
     SELECT ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, instruction, case_id, 'ORD-' || n
     FROM (VALUES (1, 1, $1::uuid), (2, 2, $2), (3, 3, $1), (4, 3, $1), (5, 4, $1), (6, 4, $2)) o (n, instruction, case_id)`,
    [CASE.one, CASE.two],
  );
  await engine.onTarget(
    `INSERT INTO profiles (id, legacy_user_id, full_name) VALUES ($1, 101, 'One'), ($2, 102, 'Two'), ($3, 102, 'Three')`,
    [PROFILE, uuid(12), uuid(13)],
  );
  return engine;
}

/** Adds states: fit rows but for what each is given; ids go on from the highest. */
export async function addStates(engine: Engine, rows: readonly StateRow[]): Promise<void> {
  for (const row of rows) {
    const full = {
      instruction_id: INSTRUCTION.known,
      status: 11,
      on: 1,
      actor_id: USER.known,
      reason: null,
      notes: null,
      created_at: '2024-05-06 07:08:09',
      ...row,
    };
    const names = Object.keys(full).map((name) => `\`${name}\``);
    const places = names.map(() => '?').join(', ');
    await engine.onSource(`INSERT INTO dispatch_state (${names.join(', ')}) VALUES (${places})`, Object.values(full));
  }
}

/** Removes all states and all that the ledger and the target hold of them. */
export async function forgetStates(engine: Engine): Promise<void> {
  await engine.onSource('TRUNCATE dispatch_state');
  await engine.onTarget(`TRUNCATE case_states, carryover.accepted_findings, carryover.settled_keys, carryover.runs, carryover.batches, carryover.lookups,
    carryover.quarantine, carryover.quarantine_occurrences, carryover.dismissal_occurrences, carryover.findings, carryover.checks,
    carryover.before_images, carryover.quarantine_images, carryover.inserted_keys, carryover.verifications, carryover.verified_ranges,
    carryover.verification_checks`);
}

/** Reason and all reasons of each quarantined row, by legacy id. */
export async function quarantined(engine: Engine): Promise<Record<string, string[]>> {
  const rows = await engine.onTarget<{ legacy_key: string; reason: string; reasons: string[] }>(
    'SELECT legacy_key, reason, reasons FROM carryover.quarantine ORDER BY legacy_key::bigint',
  );
  for (const row of rows) expect(row.reason).toBe(row.reasons[0]);
  return Object.fromEntries(rows.map((row) => [row.legacy_key, row.reasons]));
}
