/** Servers that are away, or busy with others, as real ones say it: the classes after which a step is tried again. */
import { openSource } from '../../database/source/open-source';
import { eventually } from '../support/engine';
import { changed, createProvoker, refusal } from './provoker';
import type { Provoker } from './provoker';

let provoker: Provoker;
beforeAll(async () => (provoker = await createProvoker()));
beforeEach(() => provoker.fill());
afterEach(() => provoker.tidy());
afterAll(() => provoker?.drop());

describe('contention', () => {
  it('is a deadlock of the target', async () => {
    const [one, two] = [await provoker.client(), await provoker.client()];
    await Promise.all([one, two].map((each) => each.query(`BEGIN; SET LOCAL deadlock_timeout = '100ms'`)));
    await one.query('SELECT FROM parent WHERE id = 1 FOR UPDATE');
    await two.query('SELECT FROM parent WHERE id = 2 FOR UPDATE');
    const both = [
      one.query('SELECT FROM parent WHERE id = 2 FOR UPDATE'),
      two.query('SELECT FROM parent WHERE id = 1 FOR UPDATE'),
    ];
    const error = await refusal('target', Promise.all(both));
    expect(error).toMatchObject({ type: 'Contention', code: '40P01' });
    await Promise.allSettled([one.query('ROLLBACK'), two.query('ROLLBACK')]);
    await Promise.allSettled(both);
  });

  it.each([
    ['a lock that is not to be had', `SET lock_timeout = 100`, 'LOCK TABLE parent', '55P03', 'lock timeout'],
    ['a statement time-out', `SET statement_timeout = 100`, 'SELECT pg_sleep(30)', '57014', 'statement timeout'],
  ])('is %s of the target', async (_what, set, statement, code, why) => {
    const holder = await provoker.client();
    await holder.query('BEGIN; LOCK TABLE parent');
    const connection = await provoker.client();
    await connection.query(set);
    // Two statements are one transaction, in which a table may be locked.
    const error = await refusal('target', connection.query(`SELECT; ${statement}`));
    expect(error).toMatchObject({ type: 'Contention', code });
    expect(error.message).toContain(`canceling statement due to ${why}`);
  });

  it('is a transaction that another one has overtaken', async () => {
    const connection = await provoker.client();
    await connection.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await connection.query('SELECT FROM parent');
    await provoker.engine.onTarget('UPDATE parent SET id = 3 WHERE id = 1');
    const error = await refusal('target', connection.query('DELETE FROM parent'));
    expect(error).toMatchObject({ type: 'Contention', code: '40001' });
  });

  it('is a transaction that stood idle for too long', async () => {
    const connection = await provoker.client();
    const told = new Promise<unknown>((_resolve, reject) => connection.on('error', reject));
    await connection.query(`SET idle_in_transaction_session_timeout = 100`);
    await connection.query('BEGIN');
    expect(await refusal('target', told)).toMatchObject({ type: 'Contention', code: '25P03' });
    expect((await refusal('target', connection.query('SELECT'))).type).toBe('TargetUnavailable');
  });

  it('is a deadlock of the source', async () => {
    const [one, two] = [await provoker.reader(), await provoker.reader()];
    await Promise.all([one, two].map((each) => each.query('BEGIN')));
    await one.query('SELECT id FROM child WHERE id = 1 FOR UPDATE');
    await two.query('SELECT id FROM child WHERE id = 2 FOR UPDATE');
    const both = [
      one.query('SELECT id FROM child WHERE id = 2 FOR UPDATE'),
      two.query('SELECT id FROM child WHERE id = 1 FOR UPDATE'),
    ];
    const error = await refusal('source', Promise.all(both));
    expect(error).toMatchObject({ type: 'Contention', code: 'ER_LOCK_DEADLOCK' });
    await Promise.allSettled(both);
  });

  it('is a lock of the source that is not to be had', async () => {
    const holder = await provoker.reader();
    await holder.query('BEGIN');
    await holder.query('SELECT id FROM child FOR UPDATE');
    const connection = await provoker.reader();
    await connection.query('SET SESSION innodb_lock_wait_timeout = 1');
    const error = await refusal('source', connection.query('SELECT id FROM child FOR UPDATE'));
    expect(error).toMatchObject({ type: 'Contention', code: 'ER_LOCK_WAIT_TIMEOUT' });
  });

  it('is a statement of the source that is killed, or takes too long', async () => {
    const connection = await provoker.reader();
    await connection.query('SET SESSION max_statement_time = 0.1');
    const slow = await refusal('source', connection.query('SELECT * FROM child a WHERE SLEEP(30) = 0'));
    expect(slow.type).toBe('Contention');
    expect(slow.message).toContain('1969');
    await connection.query('SET SESSION max_statement_time = 0');
    const killed = refusal('source', connection.query('SELECT COUNT(*) FROM child a WHERE SLEEP(30) = 0'));
    await provoker.engine.onSource(`KILL QUERY ${await sleeping()}`);
    expect((await killed).message).toContain('1317');
  });
});

/** Waits for the one statement of this test that sleeps on the source; its connection's number. */
async function sleeping(): Promise<string> {
  let id = '';
  await eventually('a sleeping statement', async () => {
    const rows = await provoker.engine.onSource(
      `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'`,
    );
    id = rows[0]?.id ?? '';
    return id !== '';
  });
  return id;
}

describe('a server that is away', () => {
  it('is the target whose backend is ended in mid-statement', async () => {
    const connection = await provoker.client();
    const pid = (await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;
    const lost = refusal('target', connection.query('SELECT pg_sleep(30)'));
    await provoker.engine.onTarget('SELECT pg_terminate_backend($1)', [pid]);
    expect(await lost).toMatchObject({ type: 'TargetUnavailable', code: '57P01' });
    expect((await refusal('target', connection.query('SELECT'))).type).toBe('TargetUnavailable');
  });

  it('is the source whose connection is killed in mid-statement, and afterwards', async () => {
    const connection = await provoker.reader();
    const lost = refusal('source', connection.query('SELECT COUNT(*) FROM child WHERE SLEEP(30) = 0'));
    await provoker.engine.onSource(`KILL ${await sleeping()}`);
    expect((await lost).type).toBe('SourceUnavailable');
    expect((await refusal('source', connection.query('SELECT 1'))).type).toBe('SourceUnavailable');
  });

  it('has no connection left for this login', async () => {
    await provoker.client(provoker.limited);
    const target = await refusal('target', provoker.client(provoker.limited));
    expect(target).toMatchObject({ type: 'TargetUnavailable', code: '53300' });
    expect(target.message).toContain('raise max_connections');
    await provoker.engine.onSource(`GRANT SELECT ON child TO '${provoker.role}'@'%'`);
    await provoker.reader(provoker.limited);
    const source = await refusal('source', provoker.reader(provoker.limited));
    expect(source.type).toBe('SourceUnavailable');
    expect(source.message).toContain('max_user_connections');
  });

  it('does not listen', async () => {
    const closed = { port: '1' };
    for (const [side, login] of [
      ['source', provoker.reader(closed)],
      ['target', provoker.client(closed)],
    ] as const) {
      const error = await refusal(side, login);
      expect(error.type).toBe(side === 'source' ? 'SourceUnavailable' : 'TargetUnavailable');
      expect(error.message).toContain(`the ${side} cannot be reached (ECONNREFUSED): nothing answers there`);
    }
  });

  it('is a source whose URL has another port, through the connections of the product', async () => {
    const source = openSource(changed(provoker.engine.sourceUrl, { port: '1' }));
    expect((await refusal('source', source.query('source.identity', 'SELECT 1'))).type).toBe('SourceUnavailable');
    await source.close();
  });

  it('is a target that takes no writes', async () => {
    const connection = await provoker.client();
    await connection.query('SET default_transaction_read_only = on');
    const error = await refusal('target', connection.query('DELETE FROM parent'));
    expect(error).toMatchObject({ type: 'TargetUnavailable', code: '25006' });
    expect(error.message).toContain('the target takes no writes (25006)');
  });
});
