/** Errors as real servers give them: each becomes the class that docs/errors.md says, and none holds a value of a row. */
import { mayBeIsolated } from '../../database/sql-errors';
import { VALUE, createProvoker, refusal } from './provoker';
import type { Provoker } from './provoker';

let provoker: Provoker;
beforeAll(async () => (provoker = await createProvoker()));
beforeEach(() => provoker.fill());
afterEach(() => provoker.tidy());
afterAll(() => provoker?.drop());

describe('a row that the target refuses', () => {
  it.each([
    ['a CHECK', `INSERT INTO child VALUES (1, 1, 'bad ${VALUE}')`, '23514, table public.child, constraint no_marker'],
    [
      'a foreign key',
      `INSERT INTO child VALUES (1, 77, '${VALUE}')`,
      '23503, table public.child, constraint child_par',
    ],
    [
      'NOT NULL',
      `INSERT INTO child (id, short) VALUES (1, '${VALUE.slice(0, 3)}')`,
      '23502, table public.child, column note',
    ],
    [
      'a unique index',
      `INSERT INTO child SELECT 1, 1, '${VALUE}' FROM parent`,
      '23505, table public.child, constraint',
    ],
    ['a length', `INSERT INTO child VALUES (1, 1, 'x', '${VALUE}')`, '22001'],
    ['a type', `INSERT INTO child (id, note) SELECT note::integer, note FROM (VALUES ('${VALUE}')) v (note)`, '22P02'],
    ['a NUL byte', `INSERT INTO child VALUES (1, 1, convert_from('\\x4100', 'UTF8'))`, '22021'],
  ])('by %s may be isolated', async (_what, statement, where) => {
    const error = await refusal('target', provoker.engine.onTarget(statement));
    expect(error.type).toBe('DataRefused');
    expect(error.message).toContain(`the target refused a statement (SQLSTATE ${where}`);
    expect(mayBeIsolated(error)).toBe(true);
  });

  it('by a trigger may be isolated, and what the trigger says stays there', async () => {
    await provoker.engine.onTarget(`
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no %', NEW.note; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION refuse()`);
    const error = await refusal('target', provoker.engine.onTarget(`INSERT INTO child VALUES (1, 1, '${VALUE}')`));
    expect(error).toMatchObject({ type: 'DataRefused', code: 'P0001' });
    expect(mayBeIsolated(error)).toBe(true);
  });

  it('by the size of an index entry may be isolated: it is one row’s', async () => {
    await provoker.engine.onTarget('CREATE INDEX child_note ON child (note)');
    const long = `SELECT string_agg(md5(n::text || '${VALUE}'), '') FROM generate_series(1, 150) n`;
    const error = await refusal('target', provoker.engine.onTarget(`INSERT INTO child VALUES (1, 1, (${long}))`));
    expect(error).toMatchObject({ type: 'DataRefused', code: '54000' });
    expect(error.message).toContain('constraint child_note');
  });

  it('is none where the ledger refuses what does not add up', async () => {
    const error = await refusal(
      'target',
      provoker.engine.onTarget('UPDATE carryover.batch_transitions SET from_state = NULL'),
    );
    expect(error.type).toBe('DatabaseError');
    expect(error.message).toContain('table carryover.batch_transitions');
    expect(mayBeIsolated(error)).toBe(false);
  });
});

describe('what is not as it was', () => {
  it.each([
    ['a table', 'DROP TABLE child', 'SELECT FROM child', '42P01'],
    ['a column', 'ALTER TABLE child RENAME note TO notes', 'SELECT note FROM child', '42703'],
    ['a type', 'ALTER TABLE child ALTER id TYPE text', 'UPDATE child SET id = 1::integer WHERE id = 1', '42883'],
    ['a schema', 'SELECT', 'SELECT FROM gone.child', '42P01'],
    [
      'a unique index',
      'ALTER TABLE child DROP CONSTRAINT child_pkey',
      "INSERT INTO child VALUES (1, 1, 'x') ON CONFLICT (id) DO NOTHING",
      '42P10',
    ],
  ])('is a changed schema, and named: %s of the target', async (_what, change, statement, code) => {
    await provoker.engine.onTarget(change);
    const error = await refusal('target', provoker.engine.onTarget(statement));
    expect(error).toMatchObject({ type: 'SchemaChanged', code });
    expect(error.message).toMatch(/child|note|operator|unique/);
  });

  it('is a changed schema where a prepared statement notices', async () => {
    const prepared = { name: 'all', text: 'SELECT * FROM child' };
    const connection = await provoker.client();
    await connection.query(prepared);
    await provoker.engine.onTarget('ALTER TABLE child ADD more text');
    expect(await refusal('target', connection.query(prepared))).toMatchObject({ type: 'SchemaChanged', code: '0A000' });
  });

  it('is a changed schema: a database of the target', async () => {
    expect(await refusal('target', provoker.client({ pathname: '/gone' }))).toMatchObject({
      type: 'SchemaChanged',
      code: '3D000',
    });
  });

  it.each([
    ['a table', 'SELECT * FROM gone', 1146, 'gone'],
    ['a column', 'SELECT gone FROM child', 1054, 'gone'],
    ['a function', 'SELECT gone(id) FROM child', 1305, 'gone'],
  ])('is a changed schema, and named: %s of the source', async (_what, statement, errno, name) => {
    const connection = await provoker.reader();
    const error = await refusal('source', connection.query(statement));
    expect(error.type).toBe('SchemaChanged');
    expect(error.message).toMatch(new RegExp(`\\(ER_\\w+ ${errno}\\): .*${name}`));
  });

  it('is a changed schema where a table of the source changes after the snapshot', async () => {
    const connection = await provoker.reader();
    await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    await provoker.engine.onSource('ALTER TABLE child ADD more text, ALGORITHM = COPY');
    expect((await refusal('source', connection.query('SELECT * FROM child'))).message).toContain('1412');
  });
});

describe('a right that is missing', () => {
  it('is named by the target', async () => {
    const error = await refusal('target', (await provoker.client(provoker.limited)).query('SELECT FROM child'));
    expect(error).toMatchObject({ type: 'PrivilegeMissing', code: '42501' });
    expect(error.message).toMatch(/permission denied for table child; grant what docs\/privileges.md lists$/);
  });

  it('is named by the source, also where it is revoked in mid-session', async () => {
    await provoker.engine.onSource(`GRANT SELECT ON child TO '${provoker.role}'@'%'`);
    const connection = await provoker.reader(provoker.limited);
    await connection.query('SELECT id FROM child');
    await provoker.engine.onSource(`REVOKE SELECT ON child FROM '${provoker.role}'@'%'`);
    await provoker.engine.onSource(`GRANT SELECT (id) ON child TO '${provoker.role}'@'%'`);
    const error = await refusal('source', connection.query('SELECT note FROM child'));
    expect(error.type).toBe('PrivilegeMissing');
    expect(error.message).toMatch(/SELECT .*denied .*note/);
    await provoker.engine.onSource(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM '${provoker.role}'@'%'`);
  });

  it('is a login that is refused', async () => {
    const wrong = { ...provoker.limited, password: 'wrong' };
    for (const [side, login] of [
      ['source', provoker.reader(wrong)],
      ['target', provoker.client(wrong)],
    ] as const) {
      const error = await refusal(side, login);
      expect(error.type).toBe('PrivilegeMissing');
      expect(error.message).toContain(`CARRYOVER_${side.toUpperCase()}_URL`);
    }
  });
});
