/** The dirty sample: every row that is not loaded is kept whole, with its reasons, once, and counted per run. */
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import { REASONS } from '../../shared/reasons';
import type { Reason } from '../../shared/reasons';
import { createEngine, migrate } from '../support/engine';
import type { Engine, Migrated } from '../support/engine';
import type { SourceRow } from '../support/own-connections';

const STATE_COLUMNS = ['id', 'instruction_id', 'status', 'on', 'actor_id', 'reason', 'notes', 'created_at'];
const MESSAGE_COLUMNS = [
  'thread_id', 'position', 'order_number', 'sender_id', 'subject', 'body', 'fee', 'due_on', 'sent_at', 'read_at',
]; // prettier-ignore

let engine: Engine;
let states: Migrated;

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
  // Bytes that are no UTF-8, as a binary column may hold them.
  await engine.onSource('ALTER TABLE dispatch_state ADD COLUMN scan VARBINARY(20) NULL');
  await engine.onSource(`UPDATE dispatch_state SET scan = X'FF00C3280A5C09' WHERE id % 3 = 0`);
  states = await migrate(engine, caseStates, 100);
  await migrate(engine, messages, 37);
});

afterAll(() => engine?.drop());

/** The rows of the quarantine, each value as HEX of its bytes. */
async function keptBytes(migration: string): Promise<Map<string, SourceRow>> {
  const rows = await engine.onTarget<{ key: string; row: Record<string, string | { base64: string } | null> }>(
    'SELECT legacy_key AS key, source_row AS row FROM carryover.quarantine WHERE migration = $1',
    [migration],
  );
  const hex = (value: string | { base64: string } | null): string | null => {
    if (value === null) return null;
    const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.base64, 'base64');
    return bytes.toString('hex').toUpperCase();
  };
  return new Map(
    rows.map(({ key, row }) => [
      key,
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, hex(value)])),
    ]),
  );
}

/** The same rows as the source server writes them. */
async function sourceBytes(table: string, key: string, columns: readonly string[]): Promise<Map<string, SourceRow>> {
  const parts = columns.map((column) =>
    // HEX of a number is its value in base 16: its text is what is compared.
    `HEX(${column === 'scan' ? 'scan' : `CAST(\`${column}\` AS CHAR CHARACTER SET utf8mb4)`}) AS \`${column}\``); // prettier-ignore
  const rows = await engine.onSource(`SELECT ${key} AS row_key, ${parts.join(', ')} FROM \`${table}\``);
  return new Map(rows.map(({ row_key, ...row }) => [row_key!, row]));
}

describe('the quarantine of the dirty sample', () => {
  it('holds the rows that SQL of its own expects, by reason', async () => {
    const found = await engine.onTarget<{ reason: string; rows: number }>(
      `SELECT reason, count(*)::int AS rows FROM carryover.quarantine WHERE migration = 'case-states' GROUP BY 1`,
    );
    const instructions = await engine.onSource('SELECT instruction_id AS id FROM dispatch_state');
    const [orderless] = await engine.onTarget<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM unnest($1::bigint[]) i (id)
       WHERE NOT EXISTS (SELECT FROM orders o WHERE o.instruction_id = i.id)`,
      [instructions.map(({ id }) => id)],
    );
    expect(Object.fromEntries(found.map(({ reason, rows }) => [reason, rows]))).toEqual({
      case_unmapped: orderless!.rows,
      case_ambiguous: 2,
      code_unknown: 5,
      value_invalid: 9,
      value_too_long: 4,
      time_gap: 3,
    });
    expect(states.headline).toMatchObject({
      source: 433,
      quarantined: orderless!.rows + 23,
      pending: 0,
      verdict: 'proven_with_exceptions',
    });
  });

  it('has rows for every reason that there is, of each mapping but for those that it cannot give', async () => {
    const found = await engine.onTarget<{ migration: string; reasons: string[] }>(
      `SELECT migration, array_agg(DISTINCT u.reason) AS reasons FROM carryover.quarantine, unnest(reasons) AS u (reason)
       GROUP BY migration ORDER BY migration`,
    );
    const without = (...names: Reason[]): Reason[] => REASONS.filter((reason) => !names.includes(reason)).sort();
    expect(found.map(({ migration, reasons }) => [migration, [...reasons].sort()])).toEqual([
      // Rows without a person are loaded, flagged; of two wall clocks it takes the first; its table has no rule that a fit row breaks.
      ['case-states', without('actor_unmapped', 'actor_ambiguous', 'time_ambiguous', 'constraint_rejected')],
      // It has no list of codes.
      ['messages', without('code_unknown')],
    ]);
    expect([...new Set(found.flatMap(({ reasons }) => reasons))].sort()).toEqual([...REASONS].sort());
  });

  it('gives each row all its reasons in the fixed order, the first as the primary one', async () => {
    const rows = await engine.onTarget<{ reason: string; reasons: string[] }>(
      'SELECT reason, reasons FROM carryover.quarantine',
    );
    for (const { reason, reasons } of rows) {
      expect(reason).toBe(reasons[0]);
      const ranks = reasons.map((each) => REASONS.indexOf(each as Reason));
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    }
    const several = await engine.onTarget<{ reasons: string[] }>(
      `SELECT reasons FROM carryover.quarantine
       WHERE migration = 'case-states' AND cardinality(reasons) > 1 ORDER BY legacy_key::bigint`,
    );
    expect(several.map(({ reasons }) => reasons)).toEqual([
      ['case_unmapped', 'code_unknown', 'value_invalid', 'value_too_long', 'time_gap'],
      ['case_ambiguous', 'value_invalid', 'value_invalid'],
      ['code_unknown', 'value_too_long', 'time_gap'],
      ['code_unknown', 'value_invalid'],
      ['value_invalid', 'value_too_long'],
      ['value_too_long', 'time_gap'],
    ]);
  });

  it('names the columns at fault beside the reasons', async () => {
    const [row] = await engine.onTarget<{ columns: string[] }>(
      `SELECT columns FROM carryover.quarantine WHERE migration = 'case-states' AND cardinality(reasons) = 5`,
    );
    expect(row!.columns).toEqual(['instruction_id', 'status', 'on', 'reason', 'created_at']);
  });

  it.each([
    ['case-states', 'dispatch_state', 'id', [...STATE_COLUMNS, 'scan']],
    ['messages', 'message', `CONCAT('[', thread_id, ', ', position, ']')`, MESSAGE_COLUMNS],
  ])('keeps every byte of the whole source row (%s)', async (migration, table, key, columns) => {
    const kept = await keptBytes(migration);
    const source = await sourceBytes(table, key, columns);
    const plain = (text: string): string => text.replaceAll('"', '');
    expect(kept.size).toBeGreaterThan(15);
    for (const [legacyKey, row] of kept) expect(row).toEqual(source.get(plain(legacyKey)));
  });

  it('escapes bytes that JSON cannot hold, and those only', async () => {
    const [row] = await engine.onTarget<Record<string, unknown>>(
      `SELECT count(*) FILTER (WHERE source_row -> 'notes' = '{"base64": "YmVmb3JlAGFmdGVy"}')::int AS nul,
              count(*) FILTER (WHERE source_row -> 'scan' = '{"base64": "/wDDKApcCQ=="}')::int AS binary,
              count(*) FILTER (WHERE source_row ->> 'reason' = repeat('🦷', 121))::int AS emoji
       FROM carryover.quarantine WHERE migration = 'case-states'`,
    );
    const [thirds] = await engine.onTarget<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM carryover.quarantine WHERE migration = 'case-states' AND legacy_key::bigint % 3 = 0`,
    );
    expect(row).toEqual({ nul: 1, binary: thirds!.rows, emoji: 1 });
  });

  it('gets an occurrence and no second row from a second run', async () => {
    const count = `SELECT count(*)::int AS rows, min(attempts) AS least, max(attempts) AS most
                   FROM carryover.quarantine WHERE migration = 'case-states'`;
    const [before] = await engine.onTarget<{ rows: number }>(count);
    const second = await migrate(engine, caseStates, 170);
    expect(second.headline.quarantined).toBe(before!.rows);
    expect(await engine.onTarget(count)).toEqual([{ rows: before!.rows, least: 2, most: 2 }]);
    expect(
      await engine.onTarget(
        `SELECT run_id::text AS run, count(*)::int AS rows, count(DISTINCT legacy_key)::int AS keys
         FROM carryover.quarantine_occurrences WHERE migration = 'case-states' GROUP BY 1 ORDER BY 1`,
      ),
    ).toEqual([
      { run: states.plan.run, rows: before!.rows, keys: before!.rows },
      { run: second.plan.run, rows: before!.rows, keys: before!.rows },
    ]);
    const [seen] = await engine.onTarget<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM carryover.quarantine
       WHERE migration = 'case-states' AND first_run = $1 AND last_run = $2`,
      [states.plan.run, second.plan.run],
    );
    expect(seen!.rows).toBe(before!.rows);
  });
});
