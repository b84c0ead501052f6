/** Rows in quarantine from the command line: listed without values, shown and exported on record, dismissed, restored, purged. */
import { readFileSync, statSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identity } from '../../cli/identity';
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';

/** Stands in the rows' values, and may be read nowhere but where they are shown. */
const MARKER = 'Mrs "Example", of no instruction';

let clinic: Clinic;
let engine: Clinic['engine'];
let say: Clinic['say'];
let folder: string;

beforeAll(async () => {
  clinic = await openClinic(600);
  ({ engine, say } = clinic);
  folder = mkdtempSync(join(tmpdir(), 'carryover-export-'));
  await engine.onSource(
    `UPDATE dispatch_state SET notes = ? WHERE instruction_id NOT IN (SELECT * FROM (SELECT instruction_id FROM dispatch_state GROUP BY 1 HAVING count(*) > 1) x)`,
    [MARKER],
  );
  await engine.onSource('UPDATE dispatch_state SET status = 77, notes = ? ORDER BY id DESC LIMIT 3', [MARKER]);
  expect((await say('start', 'case-states', '--wait')).code).toBe(0);
}, 180_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await clinic?.close();
});

interface Listed {
  readonly total: number;
  readonly counts: readonly { readonly reason: string; readonly state: string; readonly rows: number }[];
  readonly rows: readonly { readonly row: string; readonly key: string; readonly reasons: readonly string[] }[];
}
const list = async (...more: string[]): Promise<Listed> =>
  (await say('quarantine', 'list', 'case-states', '--json', ...more)).json<Listed>();

/** What a workflow's history carries. */
async function historyText(workflowId: string): Promise<string> {
  const { events } = await clinic.temporal.client.workflow.getHandle(workflowId).fetchHistory();
  const texts: string[] = [];
  JSON.stringify(events, (name, value: unknown) => {
    if (name === 'data' && typeof value === 'string') texts.push(Buffer.from(value, 'base64').toString('utf8'));
    return value;
  });
  return texts.join('\n');
}

const audit = (verb: string): Promise<Record<string, unknown>[]> =>
  engine.onTarget(
    'SELECT who, claimed_by, reason, details, workflow FROM carryover.audit WHERE verb = $1 ORDER BY audit_id',
    [verb],
  );

it('lists and counts them, and shows no value', async () => {
  const said = await say('quarantine', 'list', 'case-states', '--reason', 'code_unknown');
  expect(said.code).toBe(0);
  expect(said.out).toMatch(
    /row +key +state +reasons +columns[^]*open +code_unknown +status[^]*All of case-states:\nreason/,
  );
  expect(said.out).not.toContain('Example');
  const { total, rows, counts } = await list('--limit', '2');
  expect(rows).toHaveLength(2);
  expect(total).toBe(counts.reduce((sum, line) => sum + line.rows, 0));
  expect(counts).toContainEqual(expect.objectContaining({ reason: 'code_unknown', state: 'open', rows: 3 }));
  expect(JSON.stringify(await list())).not.toContain('Example');
  const wrong = await say('quarantine', 'list', 'case-states', '--reason', 'bad_luck');
  expect([wrong.code, wrong.err]).toEqual([
    1,
    expect.stringContaining('There is no reason "bad_luck"; the reasons are'),
  ]);
  expect(await engine.onTarget('SELECT 1 FROM carryover.audit')).toEqual([]);
});

it('shows a row with its values once that is on record', async () => {
  const [line] = (await list('--reason', 'code_unknown')).rows;
  const said = await say('quarantine', 'show', 'case-states', line!.key, '--by', 'Ada');
  expect(said.code).toBe(0);
  expect(said.out).toContain(JSON.stringify(MARKER));
  expect(await audit('quarantine show')).toEqual([
    {
      who: identity(),
      claimed_by: 'Ada',
      reason: null,
      details: { rows: 1, number: line!.row },
      workflow: 'command line',
    },
  ]);
  const none = await say('quarantine', 'show', 'case-states', '999999999');
  expect([none.code, none.err]).toEqual([1, expect.stringContaining('has no row with that key')]);
  expect(await audit('quarantine show')).toHaveLength(1);
});

it('exports rows to a file that nobody else may read, once that is on record', async () => {
  const csv = join(folder, 'codes.csv');
  const said = await say(
    'quarantine',
    'export',
    'case-states',
    '--reason',
    'code_unknown',
    '--format',
    'csv',
    '--output',
    csv,
  );
  expect([said.code, said.err]).toEqual([0, '']);
  expect(said.out).not.toContain('Example');
  expect(statSync(csv).mode & 0o777).toBe(0o600);
  const [header, ...lines] = readFileSync(csv, 'utf8').trimEnd().split('\n');
  expect(header).toMatch(/^row,key,state,reasons,.*,source_row_sha256,source\.id,source\.status,/);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain('"Mrs ""Example"", of no instruction"');
  expect(await audit('quarantine export')).toEqual([
    {
      who: identity(),
      claimed_by: null,
      reason: null,
      details: { rows: 3, reasons: 'code_unknown', state: 'open' },
      workflow: 'command line',
    },
  ]);

  const refused = await say('quarantine', 'export', 'case-states', '--output', csv);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('is there already')]);
  expect(await audit('quarantine export')).toHaveLength(1);
  writeFileSync(csv, 'old', { mode: 0o644 });
  const forced = await say(
    'quarantine',
    'export',
    'case-states',
    '--state',
    'all',
    '--output',
    csv,
    '--force',
    '--json',
  );
  const { total } = await list('--state', 'all');
  expect(forced.json()).toMatchObject({ rows: total, format: 'jsonl' });
  expect(statSync(csv).mode & 0o777).toBe(0o600);
  const objects = readFileSync(csv, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { values: object });
  expect(objects).toHaveLength(total);
  expect(objects[0]!.values).toHaveProperty('instruction_id');
  expect(existsSync(`${csv}.unfinished`)).toBe(false);

  const streamed = await say('quarantine', 'export', 'case-states', '--reason', 'code_unknown');
  expect(streamed.out.trimEnd().split('\n')).toHaveLength(3);
  expect(streamed.err).toBe('3 rows.\n');
});

it('has no value in what any other command says', async () => {
  for (const args of [
    ['quarantine', 'list', 'case-states', '--state', 'all'],
    ['status', 'case-states'],
    ['batches', 'case-states'],
    ['audit', 'case-states'],
    ['report', '1'],
    ['findings', 'case-states'],
  ]) {
    for (const json of [[], ['--json']]) {
      const { code, out, err } = await say(...args, ...json);
      expect([args, code]).toEqual([args, 0]);
      expect(`${out}${err}`).not.toContain('Example');
    }
  }
});

it('takes no value out where it cannot be put on record', async () => {
  await engine.onTarget('ALTER TABLE carryover.audit RENAME TO audit_away');
  try {
    const [show, exported] = [
      await say('quarantine', 'show', 'case-states', '1'),
      await say('quarantine', 'export', 'case-states', '--output', join(folder, 'none.csv')),
    ];
    expect([show.code, exported.code]).toEqual([1, 1]);
    expect(`${show.out}${show.err}${exported.out}${exported.err}`).not.toContain('Example');
    expect(existsSync(join(folder, 'none.csv'))).toBe(false);
  } finally {
    await engine.onTarget('ALTER TABLE carryover.audit_away RENAME TO audit');
  }
});

it('dismisses by key and reason, restores, and says what is wrong all at once', async () => {
  const { rows } = await list('--reason', 'code_unknown');
  const wrong = await say('quarantine', 'dismiss', 'case-states', '--key', rows[0]!.key, 'nobody');
  expect(wrong.code).toBe(1);
  expect(wrong.err).toMatch(/Nothing was dismissed:[^]*no row with the key "nobody"[^]*"why" is missing/);

  const done = await say(
    'quarantine',
    'dismiss',
    'case-states',
    '--key',
    rows[0]!.key,
    rows[1]!.key,
    '--why',
    'entered as a test',
    '--by',
    'Ada',
    '--json',
  );
  expect(done.json()).toMatchObject({
    decision: 'dismiss',
    answer: expect.stringContaining('2 rows of case-states are dismissed') as string,
    undo: `carryover quarantine restore case-states --row ${rows[0]!.row} ${rows[1]!.row} --why "…"`,
  });
  const [line] = await audit('dismiss');
  expect(line).toMatchObject({
    claimed_by: 'Ada',
    reason: 'entered as a test',
    workflow: 'carryover-quarantine-case-states',
  });
  expect(line!.who).toBe(identity());

  // Neither a key nor a value is in Temporal's history.
  const history = await historyText('carryover-quarantine-case-states');
  expect(history).toContain('entered as a test');
  expect(history).not.toContain('Example');
  expect(history).not.toMatch(new RegExp(`\\b${rows[0]!.key}\\b`));

  const status = (await say('status', 'case-states', '--json')).json<{ balance: Record<string, number> }>();
  expect(status.balance).toMatchObject({ excluded: 2, pending: 0 });
  const verified = await say('verify', 'case-states', '--json');
  expect([verified.code, verified.json()]).toMatchObject([
    0,
    { verdict: 'proven_with_exceptions', excluded: 2, findings: [] },
  ]);

  const twice = await say('quarantine', 'dismiss', 'case-states', '--row', rows[0]!.row, '--why', 'again');
  expect([twice.code, twice.err]).toEqual([1, expect.stringContaining(`${rows[0]!.row}: dismissed already`)]);
  const back = await say(
    'quarantine',
    'restore',
    'case-states',
    '--row',
    `${rows[0]!.row},${rows[1]!.row}`,
    '--why',
    'it was none',
  );
  expect([back.code, back.out]).toEqual([0, expect.stringContaining('2 rows of case-states are in quarantine again.')]);
  const all = await say(
    'quarantine',
    'dismiss',
    'case-states',
    '--reason',
    'code_unknown',
    '--all',
    '--why',
    'old codes',
  );
  expect(all.out).toContain('3 rows of case-states are dismissed');
  const listed = await list('--state', 'dismissed');
  expect(listed.rows.map((row) => row.reasons)).toEqual([['code_unknown'], ['code_unknown'], ['code_unknown']]);

  const again = await say('start', 'case-states', '--wait');
  expect(again.code).toBe(0);
  expect(again.out).toContain('3 rows are excluded by decision, since they were dismissed from quarantine:');
  expect(again.out).not.toContain("by the mapping's rule");
});

it('purges values of what is decided and old; key, reason and hash stay', async () => {
  const early = await say('quarantine', 'purge', 'case-states', '--why', 'retention');
  expect([early.code, early.err]).toEqual([1, expect.stringContaining('"olderThanDays" is missing')]);
  await engine.onTarget(`UPDATE carryover.quarantine SET last_seen = now() - interval '40 days'`);
  const said = await say('quarantine', 'purge', 'case-states', '--older-than', '30', '--why', 'retention');
  expect([said.code, said.out]).toEqual([
    0,
    expect.stringContaining('the values of 3 rows that were in quarantine and of 0 before-images are purged'),
  ]);
  expect(await audit('purge')).toMatchObject([
    { reason: 'retention', details: { rows: 3, images: 0, olderThanDays: 30 } },
  ]);
  const [line] = (await list('--state', 'dismissed')).rows;
  const shown = await say('quarantine', 'show', 'case-states', line!.key);
  expect(shown.out).toMatch(/purged[^]*Its values were purged/);
  expect((await say('verify', 'case-states')).code).toBe(0);
});
