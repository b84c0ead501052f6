import { DatabaseError } from 'pg';
import { classified, toCarryoverError } from '../../database/sql-errors';
import { CarryoverError } from '../../shared/errors';

const VALUE = 'Mrs-Marker-4711';

/** An error as node-postgres throws it. */
function pgError(code: string, message: string, more: Partial<DatabaseError> = {}): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { severity: 'ERROR', code, ...more });
}

/** An error as mysql2 throws it. */
const myError = (code: string, errno: number, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { code, errno, sqlState: 'HY000', sqlMessage: message, ...more });

function convert(side: 'source' | 'target', error: unknown): CarryoverError {
  const converted = toCarryoverError(side, error);
  expect(converted).toBeInstanceOf(CarryoverError);
  return converted as CarryoverError;
}

/** Everything of an error that could be printed or sent. */
const allOf = (error: Error): string =>
  `${error.message} ${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))} ${String(error.cause)}`;

describe('errors of the target', () => {
  it.each([
    ['22P02', `invalid input syntax for type integer: "${VALUE}"`],
    ['22001', `value too long: ${VALUE}`],
    ['22021', `invalid byte sequence for encoding "UTF8": ${VALUE}`],
    ['23505', `duplicate key: ${VALUE}`],
    ['23514', `new row for relation "case_states" violates check constraint: ${VALUE}`],
    ['P0001', `a trigger says: ${VALUE}`],
    ['40001', `could not serialize: ${VALUE}`],
    ['XX000', `internal: ${VALUE}`],
  ])('of SQLSTATE %s leave without their words', (code, message) => {
    const error = convert('target', pgError(code, message));
    expect(error.type).toBe('DatabaseError');
    expect(error.retryable).toBe(true);
    expect(error.message).toContain(`the target refused a statement (SQLSTATE ${code})`);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('drops them where a function or trigger spoke: it may raise any SQLSTATE with any words', () => {
    const error = convert(
      'target',
      pgError('42501', `no: ${VALUE}`, { where: 'PL/pgSQL function f() line 2 at RAISE' }),
    );
    expect(error.message).toBe('the target refused a statement (SQLSTATE 42501)');
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('lose DETAIL, HINT, CONTEXT and the statement, and keep the names of what refused', () => {
    const error = convert(
      'target',
      pgError('23503', `violates foreign key: ${VALUE}`, {
        detail: `Key (case_id)=(${VALUE}) is not present`,
        hint: VALUE,
        where: `COPY case_states, line 3, column notes: "${VALUE}"`,
        internalQuery: `SELECT '${VALUE}'`,
        schema: 'public',
        table: 'case_states',
        column: 'case_id',
        constraint: 'case_states_case_id_fkey',
      }),
    );
    expect(error.message).toBe(
      'the target refused a statement (SQLSTATE 23503, table public.case_states, column case_id, ' +
        'constraint case_states_case_id_fkey)',
    );
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('drop DETAIL and CONTEXT also where the words are about objects only', () => {
    const message = 'relation "public.case_states" does not exist';
    const error = convert('target', pgError('42P01', message, { detail: VALUE, hint: VALUE }));
    expect(error.message).toBe(`the target refused a statement (SQLSTATE 42P01): ${message}`);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it.each(['08006', '57P01', '57P02', '57P03', '57P05', '53300'])('of SQLSTATE %s are a lost connection', (code) => {
    const error = convert('target', pgError(code, VALUE));
    expect(error.type).toBe('TargetUnavailable');
    expect(error.message).toContain(`the target cannot be reached (${code})`);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it.each(['40001', '40P01', '55P03', '57014'])('of SQLSTATE %s say that it is tried again', (code) => {
    expect(convert('target', pgError(code, 'x')).message).toContain('; it is tried again');
  });

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
  ])('without a code are a lost connection: %s', (message) => {
    expect(convert('target', new Error(message)).type).toBe('TargetUnavailable');
  });

  it('are judged by their code, not by a value that reads like a lost connection', () => {
    const message = 'invalid input syntax for type integer: "timeout exceeded"';
    expect(convert('target', pgError('22P02', message)).type).toBe('DatabaseError');
  });
});

describe('errors of the source', () => {
  it.each<[string, number, string]>([
    ['ER_TRUNCATED_WRONG_VALUE', 1292, `Incorrect DATETIME value: '${VALUE}'`],
    ['ER_DUP_ENTRY', 1062, `Duplicate entry '${VALUE}' for key`],
    ['ER_PARSE_ERROR', 1064, `You have an error in your SQL syntax near '${VALUE}'`],
    ['ER_LOCK_DEADLOCK', 1213, `Deadlock found: ${VALUE}`],
  ])('%s leaves without its words and its statement', (code, errno, message) => {
    const error = convert('source', myError(code, errno, message, { sql: `SELECT '${VALUE}'` }));
    expect(error.type).toBe('DatabaseError');
    expect(error.message).toBe(`the source refused a statement (${code} ${errno})`);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('keep words that name objects only', () => {
    const error = convert('source', myError('ER_BAD_FIELD_ERROR', 1054, "Unknown column 'statu' in 'SELECT'"));
    expect(error.message).toContain("Unknown column 'statu'");
  });

  it.each<[string, number | undefined]>([
    ['ECONNREFUSED', -111],
    ['ECONNRESET', -104],
    ['ETIMEDOUT', undefined],
    ['ENOTFOUND', -3008],
    ['PROTOCOL_CONNECTION_LOST', undefined],
    ['ER_SERVER_SHUTDOWN', 1053],
    ['ER_CON_COUNT_ERROR', 1040],
    ['ER_CONNECTION_KILLED', 1927],
  ])('%s is a lost connection', (code, errno) => {
    const error = convert('source', Object.assign(new Error(VALUE), { code, errno }));
    expect(error.type).toBe('SourceUnavailable');
    expect(error.retryable).toBe(true);
    expect(error.message).toContain(`the source cannot be reached (${code})`);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('name the side that they come from', () => {
    const refused = () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    expect(convert('source', refused()).type).toBe('SourceUnavailable');
    expect(convert('target', refused()).type).toBe('TargetUnavailable');
  });
});

describe('errors that are no driver errors', () => {
  it.each([[new TypeError('x is not a function')], ['text'], [undefined], [new CarryoverError('StageLost', 'lost')]])(
    'pass through as they are: %p',
    (error) => {
      expect(toCarryoverError('target', error)).toBe(error);
    },
  );
});

describe('a refused login or a missing database', () => {
  it.each([
    [pgError('28P01', 'password authentication failed for user "carryover"')],
    [pgError('28000', 'no pg_hba.conf entry')],
    [pgError('3D000', 'database "clinic" does not exist')],
    [myError('ER_ACCESS_DENIED_ERROR', 1045, "Access denied for user 'reader'@'localhost'")],
    [myError('ER_DBACCESS_DENIED_ERROR', 1044, "Access denied for user 'reader' to database 'clinic'")],
    [myError('ER_BAD_DB_ERROR', 1049, "Unknown database 'clinic'")],
  ])('keeps its words: %p', (error) => {
    const side = error instanceof DatabaseError ? 'target' : 'source';
    expect(convert(side, error)).toMatchObject({ type: 'DatabaseError' });
    expect(convert(side, error).message).toContain(error.message);
  });
});

describe('classified', () => {
  it('gives the value, or the converted error', async () => {
    await expect(classified('source', Promise.resolve(7))).resolves.toBe(7);
    await expect(classified('source', Promise.reject(myError('ER_X', 1292, VALUE)))).rejects.toMatchObject({
      type: 'DatabaseError',
      message: 'the source refused a statement (ER_X 1292)',
    });
  });
});
