import { DatabaseError } from 'pg';
import { classified, mayBeIsolated, toCarryoverError } from '../../database/sql-errors';
import { CarryoverError, ERROR_CLASSES } from '../../shared/errors';
import type { ErrorClass } from '../../shared/errors';

const VALUE = 'Mrs-Marker-4711';

/** An error as node-postgres throws it. */
function pgError(code: string, message: string, more: Partial<DatabaseError> = {}): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { severity: 'ERROR', code, ...more });
}

/** An error as mysql2 throws it. */
const myError = (code: string, errno: number, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { code, errno, sqlState: 'HY000', sqlMessage: message, ...more });

/** A call of Node's that was wrong has a code too. */
const NODES = Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' });

function convert(side: 'source' | 'target', error: unknown): CarryoverError {
  const converted = toCarryoverError(side, error);
  expect(converted).toBeInstanceOf(CarryoverError);
  return converted as CarryoverError;
}

/** Everything of an error that could be printed or sent. */
const allOf = (error: Error): string =>
  `${error.message} ${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))} ${String(error.cause)}`;

/** SQLSTATEs and what they become: one of each line of the table, and those that a class of codes would take wrongly. */
const SQLSTATES: [ErrorClass, ...string[]][] = [
  ['TargetUnavailable', '08000', '08006', '08P01', '25006', '53300', '57P01', '57P02', '57P03', '57P04', '57P05'],
  ['Contention', '25P03', '25P04', '40001', '40P01', '55006', '55P03', '57014'],
  ['ResourcesExhausted', '53000', '53100', '53200', '53400', '54001', '54011', '58030'],
  ['PrivilegeMissing', '28000', '28P01', '42501'],
  ['SchemaChanged', '0A000', '3D000', '3F000', '42P01', '42P10', '42703', '42704', '42804', '42883', '428C9'],
  ['DataRefused', '22001', '22021', '22P02', '23502', '23503', '23505', '23514', '44000', '54000', 'P0001', 'P0004'],
  ['DatabaseError', '25001', '26000', '42601', '42P07', '55000', '58P01', 'F0000', 'XX000', 'XX001'],
];

/** Numbers of MySQL and MariaDB. */
const NUMBERS: [ErrorClass, ...number[]][] = [
  ['SourceUnavailable', 1040, 1053, 1077, 1079, 1129, 1203, 1226, 1927, 2006, 2013, 4031],
  ['Contention', 1020, 1028, 1205, 1213, 1317, 1969, 3024],
  ['ResourcesExhausted', 3, 5, 1021, 1037, 1038, 1041, 1114, 1206],
  ['PrivilegeMissing', 1044, 1045, 1142, 1143, 1227, 1370, 1698],
  ['SchemaChanged', 1049, 1051, 1054, 1146, 1356, 1412],
  // The source is only read: a value that it does not take is no row that could be isolated.
  ['DatabaseError', 1062, 1064, 1105, 1290, 1292, 1366, 1792],
];

const NETWORK = ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'EPIPE', 'PROTOCOL_CONNECTION_LOST'];

const pairs = <T>(table: [ErrorClass, ...T[]][]): [T, ErrorClass][] =>
  table.flatMap(([type, ...codes]) => codes.map((code): [T, ErrorClass] => [code, type]));

describe('errors of the target', () => {
  it.each(pairs(SQLSTATES))('of SQLSTATE %s become %s', (code, type) => {
    expect(convert('target', pgError(code, 'x'))).toMatchObject({ type, code, retry: ERROR_CLASSES[type] });
  });

  it.each([
    ['22P02', `invalid input syntax for type integer: "${VALUE}"`],
    ['22001', `value too long: ${VALUE}`],
    ['22021', `invalid byte sequence for encoding "UTF8": ${VALUE}`],
    ['23505', `duplicate key: ${VALUE}`],
    ['23514', `new row for relation "case_states" violates check constraint: ${VALUE}`],
    ['P0001', `a trigger says: ${VALUE}`],
    ['40001', `could not serialize: ${VALUE}`],
    ['54000', `index row size 2800: ${VALUE}`],
    ['57014', `canceling statement due to ${VALUE}`],
    ['99999', `who knows: ${VALUE}`],
    ['XX000', `internal: ${VALUE}`],
  ])('of SQLSTATE %s leave without their words', (code, message) => {
    const error = convert('target', pgError(code, message));
    expect(error.message).toContain(`the target refused a statement (SQLSTATE ${code}): `);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('drops them where a function or trigger spoke: it may raise any SQLSTATE with any words', () => {
    const error = convert(
      'target',
      pgError('42501', `no: ${VALUE}`, { where: 'PL/pgSQL function f() line 2 at RAISE' }),
    );
    expect(error.message).toMatch(/^the target refused a statement \(SQLSTATE 42501\): a right is missing; /);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('do not take the server for lost where a function could not reach another, but where it was ended itself', () => {
    const where = 'SQL function "dblink_connect" statement 1';
    expect(convert('target', pgError('08001', 'x', { where })).type).toBe('DatabaseError');
    expect(convert('target', pgError('57P01', 'x', { where })).type).toBe('TargetUnavailable');
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
        'constraint case_states_case_id_fkey): a constraint refuses a row; correct the row in the source, or change ' +
        'the rule that refuses it',
    );
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('drop DETAIL and CONTEXT also where the words are about objects only', () => {
    const message = 'relation "public.case_states" does not exist';
    const error = convert('target', pgError('42P01', message, { detail: VALUE, hint: VALUE }));
    expect(error.message).toContain(`the target refused a statement (SQLSTATE 42P01): ${message}; bring it back`);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it.each(['08006', '57P01', '57P02', '57P03', '57P05', '53300'])('of SQLSTATE %s are a lost connection', (code) => {
    const error = convert('target', pgError(code, VALUE));
    expect(error.message).toContain(`the target cannot be reached (${code}): `);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('tell a standby in words of its own', () => {
    const error = convert('target', pgError('25006', 'cannot execute INSERT in a read-only transaction'));
    expect(error.message).toMatch(
      /^the target takes no writes \(25006\): .* standby.*; name the primary in CARRYOVER_T/,
    );
  });

  it.each(['statement timeout', 'user request', 'lock timeout'])('tell a cancelled statement: %s', (why) => {
    const message = `canceling statement due to ${why}`;
    expect(convert('target', pgError('57014', message)).message).toContain(`(SQLSTATE 57014): ${message}; `);
  });

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'The server does not support SSL connections',
  ])('without a code are a lost connection: %s', (message) => {
    expect(convert('target', new Error(message)).type).toBe('TargetUnavailable');
  });

  it('without a code are a refused login where the URL lacks its password', () => {
    const message = 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string';
    expect(convert('target', new Error(message)).type).toBe('PrivilegeMissing');
  });

  it('are judged by their code, not by a value that reads like a lost connection', () => {
    for (const message of ['Connection terminated', 'timeout exceeded when trying to connect']) {
      expect(convert('target', pgError('22P02', message)).type).toBe('DataRefused');
    }
  });
});

describe('a row that the target refuses', () => {
  it('may be isolated, as it came from the driver and as it was converted', () => {
    const error = pgError('23514', 'x', { schema: 'public', table: 'case_states' });
    expect(mayBeIsolated(error)).toBe(true);
    expect(mayBeIsolated(toCarryoverError('target', error))).toBe(true);
  });

  it.each([
    ['the ledger that refuses it', pgError('23514', 'x', { schema: 'carryover', table: 'batches' })],
    ['the stage', pgError('23502', 'x', { schema: 'carryover_stage', table: 'b_1_1_1_rows' })],
    ['a temporary table of ours', pgError('23505', 'x', { schema: 'pg_temp_32', table: 'source_rows' })],
    ['a deadlock', pgError('40P01', 'x')],
    ['a full disk', pgError('53100', 'x')],
    ['a lost connection', new Error('Connection terminated unexpectedly')],
    ['a defect of ours', new TypeError('x')],
    ['nothing', undefined],
  ])('is not to be looked for where it is %s', (_what, error) => expect(mayBeIsolated(error)).toBe(false));

  it('is not to blame where a table of ours refuses what does not add up', () => {
    const error = convert('target', pgError('23514', VALUE, { schema: 'carryover', table: 'batches' }));
    expect(error.type).toBe('DatabaseError');
    expect(error.message).toContain('table carryover.batches): a table of Carryover refuses what does not add up');
  });
});

describe('errors of the source', () => {
  it.each(pairs(NUMBERS))('of number %i become %s', (errno, type) => {
    expect(convert('source', myError('ER_X', errno, 'x'))).toMatchObject({ type, code: 'ER_X' });
  });

  it.each<[string, number, string]>([
    ['ER_TRUNCATED_WRONG_VALUE', 1292, `Incorrect DATETIME value: '${VALUE}'`],
    ['ER_DUP_ENTRY', 1062, `Duplicate entry '${VALUE}' for key`],
    ['ER_PARSE_ERROR', 1064, `You have an error in your SQL syntax near '${VALUE}'`],
    ['ER_LOCK_DEADLOCK', 1213, `Deadlock found: ${VALUE}`],
  ])('%s leaves without its words and its statement', (code, errno, message) => {
    const error = convert('source', myError(code, errno, message, { sql: `SELECT '${VALUE}'` }));
    expect(error.message).toContain(`the source refused a statement (${code} ${errno}): `);
    expect(allOf(error)).not.toContain(VALUE);
  });

  it('keep words that name objects only', () => {
    const error = convert('source', myError('ER_BAD_FIELD_ERROR', 1054, "Unknown column 'statu' in 'SELECT'"));
    expect(error.message).toContain("Unknown column 'statu'");
  });

  it('tell a full disk by the number in the words of error 1030, and show none of them', () => {
    const words = (number: number) => `Got error ${number} "${VALUE}" from storage engine InnoDB`;
    const error = convert('source', myError('ER_GET_ERRNO', 1030, words(28)));
    expect(error.type).toBe('ResourcesExhausted');
    expect(allOf(error)).not.toContain(VALUE);
    expect(convert('source', myError('ER_GET_ERRNO', 1030, words(168))).type).toBe('DatabaseError');
  });

  it.each(['source', 'target'] as const)('are a lost connection of the %s where the network says so', (side) => {
    const type = side === 'source' ? 'SourceUnavailable' : 'TargetUnavailable';
    for (const code of NETWORK) {
      const error = convert(side, Object.assign(new Error(VALUE), { code, errno: -111 }));
      expect(error).toMatchObject({ type, retry: 'always' });
      expect(error.message).toContain(`the ${side} cannot be reached (${code}): `);
      expect(allOf(error)).not.toContain(VALUE);
    }
    const refused = convert(side, Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
    expect(refused.message).toContain(`address and port in CARRYOVER_${side.toUpperCase()}_URL are right`);
  });

  it('are a lost connection where the driver says so without a code', () => {
    const error = new Error("Can't add new command when connection is in closed state");
    expect(convert('source', error).type).toBe('SourceUnavailable');
  });

  it('tell a missing socket from a missing file', () => {
    const missing = (syscall: string) => Object.assign(new Error('x'), { code: 'ENOENT', errno: -2, syscall });
    expect(convert('target', missing('connect')).type).toBe('TargetUnavailable');
    expect(toCarryoverError('target', missing('open'))).not.toBeInstanceOf(CarryoverError);
  });
});

describe('errors that are no driver errors', () => {
  it.each([
    [new TypeError('x is not a function')],
    [NODES],
    ['text'],
    [undefined],
    [new CarryoverError('StageLost', 'lost')],
  ])('pass through as they are: %p', (error) => {
    expect(toCarryoverError('target', error)).toBe(error);
  });
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
    expect(convert(side, error).type).toMatch(/^(PrivilegeMissing|SchemaChanged)$/);
    expect(convert(side, error).message).toContain(error.message);
  });
});

describe('classified', () => {
  it('gives the value, or the converted error', async () => {
    await expect(classified('source', Promise.resolve(7))).resolves.toBe(7);
    await expect(classified('source', Promise.reject(myError('ER_X', 1292, VALUE)))).rejects.toMatchObject({
      type: 'DatabaseError',
      message: expect.stringContaining('the source refused a statement (ER_X 1292)') as unknown,
    });
  });
});
