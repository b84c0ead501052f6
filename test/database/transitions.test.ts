/** The life of a batch: one table in code, in the ledger and in the documentation, and the ledger keeps to it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BATCH_STATES, BATCH_TRANSITIONS } from '../../shared/batch-states';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
import { pastTransitions } from '../support/ledger';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
  await engine.onTarget(
    `INSERT INTO carryover.runs (migration, mode, fingerprint, input, batch_rows, concurrency, estimated_rows,
       target_rows_before, owner_cluster, owner_namespace, owner_workflow, owner_first_run, owner_current_run,
       source_identity, target_identity)
     VALUES ('case-states', 'full', 'f', '{}', 1, 1, 1, 0, 'c', 'n', 'w', 'r', 'r', '{}', '{}')`,
  );
});
afterAll(() => engine?.drop());

const legal = new Set(BATCH_TRANSITIONS.map(([from, to]) => `${from} ${to}`));
const pairs = BATCH_STATES.flatMap((from) => BATCH_STATES.filter((to) => to !== from).map((to) => ({ from, to })));

/** A batch without rows in a state: every count is zero, so that only the state decides. */
async function batchIn(state: string): Promise<void> {
  await engine.onTarget('DELETE FROM carryover.batches');
  await engine.onTarget(`INSERT INTO carryover.batches (run_id, batch, to_key, source, pending)
    SELECT run_id, 1, '[]', 0, 0 FROM carryover.runs`);
  if (state !== 'planned') await engine.onTarget(pastTransitions(`UPDATE carryover.batches SET state = '${state}'`));
}

describe('the table of legal transitions', () => {
  it('is the same in the ledger as in the code', async () => {
    const rows = await engine.onTarget<{ pair: string }>(
      `SELECT from_state || ' ' || to_state AS pair FROM carryover.batch_transitions ORDER BY 1`,
    );
    expect(rows.map(({ pair }) => pair)).toEqual([...legal].sort());
  });

  it('is the same in docs/architecture.md, line by line', () => {
    const text = readFileSync(join(__dirname, '..', '..', 'docs', 'architecture.md'), 'utf8');
    const table = text.split('| from | to | when |')[1]!.split('\n\n')[0]!.split('\n').slice(2);
    expect(table).toEqual(BATCH_TRANSITIONS.map(([from, to, when]) => `| \`${from}\` | \`${to}\` | ${when} |`));
    for (const state of BATCH_STATES) expect(text).toMatch(new RegExp(`^\\| \`${state}\` \\| `, 'm'));
  });
});

describe('the ledger', () => {
  it.each(pairs)('from $from to $to: does what the table says', async ({ from, to }) => {
    await batchIn(from);
    const change = engine.onTarget(`UPDATE carryover.batches SET state = '${to}'`);
    if (legal.has(`${from} ${to}`)) await expect(change).resolves.toBeDefined();
    else await expect(change).rejects.toMatchObject({ code: '23514', constraint: 'batches_legal_transition' });
  });

  it.each(BATCH_STATES.filter((state) => state !== 'planned'))('lets no batch begin as %s', async (state) => {
    await engine.onTarget('DELETE FROM carryover.batches');
    const born = engine.onTarget(`INSERT INTO carryover.batches (run_id, batch, to_key, source, pending, state)
      SELECT run_id, 1, '[]', 0, 0, '${state}' FROM carryover.runs`);
    await expect(born).rejects.toMatchObject({ code: '23514', constraint: 'batches_legal_transition' });
  });

  it('keeps what it has audited', async () => {
    await engine.onTarget(`INSERT INTO carryover.audit (verb, who, migration, workflow, decision)
      VALUES ('pause', 'somebody', 'case-states', 'w', '1')`);
    for (const change of [
      'UPDATE carryover.audit SET who = $$x$$',
      'DELETE FROM carryover.audit',
      'TRUNCATE carryover.audit',
    ]) {
      await expect(engine.onTarget(change)).rejects.toMatchObject({ constraint: 'audit_append_only' });
    }
  });
});
