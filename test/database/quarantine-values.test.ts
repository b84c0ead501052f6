/** Values leave the database once it is on record who takes them, and a page at a time. */
import { exportRows, showRow } from '../../database/quarantine/values';
import type { WholeLine } from '../../database/quarantine/values';
import { openTarget } from '../../database/target/open-target';
import { caseStates } from '../../mappings/case-states';
import { createEngine, eventually, migrate } from '../support/engine';
import type { Engine } from '../support/engine';

/** More than one page. */
const ROWS = 1_100;

let engine: Engine;

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: ROWS } });
  await engine.onSource('UPDATE dispatch_state SET status = 77');
  await migrate(engine, caseStates);
});
afterAll(() => engine?.drop());

const audited = (): Promise<{ verb: string; rows: number }[]> =>
  engine.onTarget(`SELECT verb, (details ->> 'rows')::int AS rows FROM carryover.audit ORDER BY audit_id`);

const ALL = { migration: 'case-states', reasons: null, state: 'open' };

it('streams an export in pages, in the order of the keys, with the audit committed before the first', async () => {
  const seen: unknown[] = [];
  const target = openTarget(engine.targetUrl, 2, async (point, moment) => {
    // Through a connection of the test's own: it sees what is committed.
    if (point === 'quarantine.fetch' && moment === 'before') seen.push(await audited());
  });
  const pages: (readonly WholeLine[])[] = [];
  try {
    const begun: object[] = [];
    const rows = await exportRows(
      target,
      ALL,
      { who: 'ada@desk' },
      (what) => Promise.resolve(void begun.push(what)),
      async (page) => {
        pages.push(page);
        // What changes meanwhile is not told half: it is as of the moment that is on record.
        if (pages.length === 1) await engine.onTarget(`UPDATE carryover.quarantine SET source_row = '{}'`);
      },
    );
    expect(rows).toBe(ROWS);
    expect(begun).toMatchObject([{ rows: ROWS, columns: expect.arrayContaining(['id', 'status']) as string[] }]);
  } finally {
    await target.end();
  }
  expect(seen[0]).toEqual([{ verb: 'quarantine export', rows: ROWS }]);
  expect(pages.map((page) => page.length)).toEqual([500, 500, 100]);
  const keys = pages.flat().map(({ key }) => Number(key));
  expect(keys).toEqual([...keys].sort((a, b) => a - b));
  expect(pages.flat().every(({ values }) => values!.status === '77')).toBe(true);
});

it('leaves nothing open where whoever takes the rows fails', async () => {
  const failing = exportRows(
    engine.target,
    ALL,
    { who: 'ada@desk' },
    () => Promise.resolve(),
    () => Promise.reject(new Error('the disk is full')),
  );
  await expect(failing).rejects.toThrow('the disk is full');
  // The connection is closed, and with it the cursor.
  await eventually('the backend of the export ends', async () => {
    const left = await engine.onTarget(
      `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'FETCH%' AND datname = current_database()`,
    );
    return left.length === 0;
  });
  // It is on record nevertheless: some of them may have been seen.
  expect(await audited()).toHaveLength(2);
});

it('writes nothing down of a row that is not there', async () => {
  expect(await showRow(engine.target, 'case-states', 'none', { who: 'ada@desk' })).toBeNull();
  expect(await audited()).toHaveLength(2);
  const [first] = await engine.onTarget<{ key: string }>('SELECT min(legacy_key) AS key FROM carryover.quarantine');
  expect(await showRow(engine.target, 'case-states', first!.key, { who: '', by: 'Ada' })).toMatchObject({
    key: first!.key,
  });
  const [line] = await engine.onTarget('SELECT who, claimed_by FROM carryover.audit ORDER BY audit_id DESC LIMIT 1');
  expect(line).toEqual({ who: 'unknown (UI without login)', claimed_by: 'Ada' });
});
