import { readBaseline } from '../../database/ledger/baseline';
import { writingRights } from '../../database/preflight/checks/source-readonly';
import { sourceVersionProblem } from '../../database/preflight/checks/source-version';
import { connectionProblem, errorCode } from '../../database/preflight/connection-problem';
import { describeUrl } from '../../database/preflight/describe-url';
import { toCarryoverError } from '../../database/sql-errors';

describe('a URL in a message', () => {
  it.each([
    ['mysql://reader:S3cret@db.example:3307/clinic', 'mysql reader@db.example:3307/clinic'],
    ['postgres://w%40x:S3cret@db.example/clinic?sslmode=require', 'postgres w@x@db.example:5432/clinic'],
    ['mysql://db.example/', 'mysql db.example:3306/'],
    ['S3cret, no URL', 'a URL that cannot be read'],
  ])('shows %s without its password', (url, text) => expect(describeUrl(url)).toBe(text));
});

describe('an error of a connection', () => {
  it.each([
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [Object.assign(new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })])), 'ECONNREFUSED'],
    [Object.assign(new Error('x'), { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 }), 'ER_ACCESS_DENIED_ERROR'],
    [Object.assign(new Error('x'), { errno: 1049 }), 'ER_BAD_DB_ERROR'],
    [new Error('x', { cause: Object.assign(new Error('y'), { code: '28P01' }) }), '28P01'],
    [new Error('nothing'), undefined],
  ])('is told by its code: %s', (error, code) => expect(errorCode(error)).toBe(code));

  it.each([
    ['source', Object.assign(new Error('x'), { code: 'ER_BAD_DB_ERROR', errno: 1049 }), 'ER_BAD_DB_ERROR'],
    ['source', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['target', Object.assign(new Error('x'), { code: '3D000', severity: 'FATAL' }), '3D000'],
    ['target', Object.assign(new Error('x'), { code: '42P01', severity: 'ERROR', table: 't' }), '42P01'],
  ] as const)('keeps its code as an error of the %s: %s', (side, error, code) =>
    expect(errorCode(toCarryoverError(side, error))).toBe(code),
  );

  it('says what to do where the URL lacks a password that the server wants', () => {
    const error = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string');
    expect(connectionProblem('target', 'x', error)).toMatch(/login was refused .*CARRYOVER_TARGET_URL/);
  });

  it('never shows the message of a driver', () => {
    const error = Object.assign(new Error('S3cret value'), { code: 'XX999' });
    expect(connectionProblem('source', 'x', error)).not.toContain('S3cret');
  });
});

describe('the version of the source', () => {
  it.each(['5.6.24', '8.0.36', '9.7.4', '10.11.19-MariaDB-0+deb12u1', '5.5.5-10.3.1-MariaDB-log', '11.4.2-MariaDB'])(
    'takes %s',
    (version) => expect(sourceVersionProblem(version)).toEqual([]),
  );
  it.each(['5.5.62', '10.1.48-MariaDB', '5.5.5-10.0.38-MariaDB', ''])('refuses %j', (version) =>
    expect(sourceVersionProblem(version)).toHaveLength(1),
  );
});

describe('the rights of the source user', () => {
  it.each<[string, string[]]>([
    ['GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD', []],
    ['GRANT SELECT, SHOW VIEW ON `clinic`.* TO `r`@`%`', []],
    ['GRANT INSERT (`a`, `b`), UPDATE ON `clinic`.`visit` TO `r`@`%`', ['INSERT', 'UPDATE']],
    ['GRANT ALL PRIVILEGES ON *.* TO `r`@`%` WITH GRANT OPTION', ['ALL PRIVILEGES']],
    ['GRANT DELETE ON `cli%`.* TO `r`@`%`', ['DELETE']],
    ['GRANT DELETE ON `clini_`.* TO `r`@`%`', ['DELETE']],
    ['GRANT DELETE ON `clini\\_`.* TO `r`@`%`', []],
    ['GRANT DELETE ON `clinic`.`other` TO `r`@`%`', []],
    ['GRANT DELETE ON `archive`.* TO `r`@`%`', []],
    ['GRANT `writers`@`%` TO `r`@`%`', []],
  ])('reads %s', (grant, rights) => expect(writingRights([grant], 'clinic', 'visit')).toEqual(rights));
});

describe('a baseline file', () => {
  const line = { table: 'patients', domain: 'patients', sourceRows: 10, records: 9 };

  it('is taken', () => expect(readBaseline([line])).toEqual({ lines: [line], problems: [] }));

  it('is refused with all problems at once', () => {
    const { lines, problems } = readBaseline([
      { ...line, records: 11 },
      { ...line, domain: '' },
      { table: 'x', domain: 'x', sourceRows: '10', records: 1.5, note: 'y' },
      7,
    ]);
    expect(lines).toEqual([]);
    expect(problems).toEqual([
      'Entry 1: "records" (11) is more than "sourceRows" (10).',
      'Entry 2: "domain" must be a text.',
      'Entry 2: the table "patients" is listed twice.',
      'Entry 3: "sourceRows" must be a whole number from 0.',
      'Entry 3: "records" must be a whole number from 0.',
      'Entry 3: unknown note; known are table, domain, sourceRows, records, sourceTables.',
      expect.stringMatching(/^Entry 4 is no object/),
    ]);
    expect(readBaseline({}).problems).toHaveLength(1);
  });
});
