/** A third mapping, with a text key and a reference to its own rows, needs its own file and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCatalog } from '../../mappings/catalog';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
import { DEPARTMENTS, createDepartmentTables, departments } from '../support/third-mapping';
import { connectTemporal, failureOf, startWorker } from '../support/worker';
import type { RunningWorker, TemporalClient } from '../support/worker';

const catalog = createCatalog([departments]);
/** Rows whose parent is nowhere or unfit, and their children: none of them can come over. */
const UNFIT = {
  lost: ['case_unmapped'],
  'lost child': ['case_unmapped'],
  'a lost grandchild': ['case_unmapped'],
  long: ['value_too_long'],
  'child of long': ['case_unmapped'],
};
const FIT = DEPARTMENTS.length - Object.keys(UNFIT).length;

let engine: Engine;
let temporal: TemporalClient;
let worker: RunningWorker;

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ catalog }), connectTemporal()]);
  await createDepartmentTables(engine);
  worker = await startWorker(engine, temporal, catalog);
});

afterAll(async () => {
  await worker?.stop();
  await temporal?.close();
  await engine?.drop();
});

const start = () => temporal.start(worker.taskQueue, { migration: 'departments', batchRows: 100 });
const versions = () => engine.onTarget('SELECT code, xmin::text, ctid::text FROM departments ORDER BY code');

describe('a third mapping', () => {
  it('runs proven: parents before, after and beside their children, and the unfit with theirs kept', async () => {
    const result = await (await start()).result();
    expect(result).toMatchObject({
      source: DEPARTMENTS.length,
      inserted: FIT,
      quarantined: Object.keys(UNFIT).length,
      pending: 0,
      findings: 0,
      verdict: 'proven_with_exceptions',
    });
    const rows = await engine.onTarget<{ code: string; parent: string | null; title: string }>(
      'SELECT c.code, p.code AS parent, c.title FROM departments c LEFT JOIN departments p ON p.id = c.parent_id',
    );
    const sorted = (list: readonly (readonly unknown[])[]): string[] => list.map((row) => JSON.stringify(row)).sort();
    expect(sorted(rows.map(({ code, parent, title }) => [code, parent, title]))).toEqual(
      sorted(DEPARTMENTS.filter(([code]) => !(code in UNFIT))),
    );
    const kept = await engine.onTarget<{ legacy_key: string; reasons: string[] }>(
      'SELECT legacy_key, reasons FROM carryover.quarantine',
    );
    expect(Object.fromEntries(kept.map(({ legacy_key, reasons }) => [legacy_key, reasons]))).toEqual(UNFIT);
  });

  it('derives ids from the length in bytes and the text of the key', async () => {
    await engine.onTarget('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"');
    const [row] = await engine.onTarget(
      `SELECT count(*)::int AS rows FROM departments
       WHERE id = uuid_generate_v5('2b7c3c1e-53a8-5a5e-9c39-6a0f3c1f4d11', octet_length(code) || ':' || code)`,
    );
    expect(row).toEqual({ rows: FIT });
  });

  it('writes nothing in a second run', async () => {
    const before = await versions();
    const result = await (await start()).result();
    expect(result).toMatchObject({ inserted: 0, updated: 0, unchanged: FIT, verdict: 'proven_with_exceptions' });
    expect(await versions()).toEqual(before);
  });

  it('brings a child over once its parent is fit', async () => {
    await engine.onSource(`UPDATE department SET title = 'short' WHERE code = 'long'`);
    const result = await (await start()).result();
    expect(result).toMatchObject({ inserted: 2, unchanged: FIT, quarantined: 3 });
    expect(
      await engine.onTarget(`SELECT legacy_key FROM carryover.quarantine WHERE state = 'replayed' ORDER BY 1`),
    ).toEqual([{ legacy_key: 'child of long' }, { legacy_key: 'long' }]);
  });

  it('is not proven where a row differs: validation parks its batch, and names the key in the ledger alone', async () => {
    // The difference comes between load and validation, from another writer.
    await engine.onTarget(`
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE departments SET title = title || '!' WHERE code = 'b/1' AND right(title, 1) <> '!';
  RETURN NULL;
END $$;
CREATE TRIGGER spoil AFTER UPDATE ON carryover.batches FOR EACH ROW
  WHEN (NEW.state = 'loaded' AND OLD.state <> 'loaded') EXECUTE FUNCTION spoil()`);
    const failure = await failureOf(await start());
    expect(failure.type).toBe('NotProven');
    // The batch's comparison finds that it differs, the verification whose doing that is.
    expect(
      await engine.onTarget(
        'SELECT kind, legacy_key, verification_id IS NOT NULL AS verified FROM carryover.findings ORDER BY 3',
      ),
    ).toEqual([
      { kind: 'changed', legacy_key: 'b/1', verified: false },
      { kind: 'changed_in_target', legacy_key: 'b/1', verified: true },
    ]);
    const [batch] = await engine.onTarget('SELECT state, cause FROM carryover.batches ORDER BY run_id DESC LIMIT 1');
    expect(batch).toEqual({ state: 'parked', cause: 'difference' });
    await engine.onTarget(`DROP TRIGGER spoil ON carryover.batches`);
    await engine.onTarget(`UPDATE departments SET title = rtrim(title, '!') WHERE code = 'b/1'`);
    expect(await (await start()).result()).toMatchObject({ verdict: 'proven_with_exceptions', inserted: 0 });
  });

  it('has a report of its own, and an unknown one is refused in words', async () => {
    const report = JSON.parse(readFileSync(join(engine.reportsDir, 'latest.json'), 'utf8')) as { migration: string };
    expect(report).toMatchObject({ migration: 'departments', states: [], years: [], transitions: [] });
    const failure = await failureOf(await temporal.start(worker.taskQueue, { migration: 'case-states' }));
    expect(failure).toMatchObject({ type: 'InputRefused' });
    expect(failure.message).toContain('known migrations: departments');
  });
});
