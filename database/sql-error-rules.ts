/**
 * What each code of a server, a driver or the network means, what class of error it is, and what a person does next.
 * Read from top to bottom: a code that is written out wins over a class of codes (`22*`). docs/errors.md has the same
 * tables; a test compares them.
 */
import type { ErrorClass } from '../shared/errors';

export interface Rule {
  /** SQLSTATEs, numbers of MySQL and MariaDB, codes of Node and drivers, or beginnings of a driver's words. */
  readonly codes: readonly string[];
  /** `Unavailable` is that of the side on which it happened. */
  readonly becomes: ErrorClass | 'Unavailable';
  readonly means: string;
  /** What is so for now, where the server does answer. */
  readonly state?: string;
  /** What to do; `{setting}` is the variable that names the server. */
  readonly next: string;
  /** True where the server's own words name objects only, never a value: they are shown instead of `means`. */
  readonly speaks?: true;
}

const WAIT = 'nothing where it is being restarted; else see its log';
const AGAIN = 'nothing, the next try mostly succeeds; else see what else works on these tables';
const ROOM = 'make room on the server';
const GRANT = 'grant what docs/privileges.md lists';
const LOGIN = 'correct user and password in {setting}, or the account on the server';
const SCHEMA = 'bring it back as it was, or correct the mapping; `carryover check` names what does not fit';
const ROW = 'correct the row in the source, or change the rule that refuses it';

/** Codes of the network, of TLS and of the drivers, on either side. */
export const NETWORK_RULES: readonly Rule[] = [
  {
    codes: ['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'],
    becomes: 'Unavailable',
    means: 'nothing answers there',
    next: 'see that the server is up, and that address and port in {setting} are right',
  },
  {
    codes: ['ETIMEDOUT', 'PROTOCOL_SEQUENCE_TIMEOUT'],
    becomes: 'Unavailable',
    means: 'no answer in time',
    next: 'see to network and firewall, and to the load of the server',
  },
  {
    codes: [
      ...['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'EADDRNOTAVAIL', 'PROTOCOL_CONNECTION_LOST'],
      ...['PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR', 'PROTOCOL_PACKETS_OUT_OF_ORDER'],
    ],
    becomes: 'Unavailable',
    means: 'the connection was lost',
    next: WAIT,
  },
  {
    codes: [
      ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'],
      ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
      ...['ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO', 'HANDSHAKE_NO_SSL_SUPPORT', 'HANDSHAKE_SSL_ERROR'],
    ],
    becomes: 'Unavailable',
    means: 'TLS could not be agreed upon',
    next: 'see to the certificates, and to the TLS option in {setting}',
  },
  {
    codes: ['AUTH_SWITCH_PLUGIN_ERROR', 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED'],
    becomes: 'PrivilegeMissing',
    means: 'the account logs in by a method that the driver does not take',
    next: LOGIN,
  },
];

/** How the drivers' words begin where they give no code. */
export const WORD_RULES: readonly Rule[] = [
  {
    codes: [
      ...['Connection terminated', 'Client has encountered a connection error', 'Client was closed'],
      ...["Can't add new command when connection is in closed state", "Can't write in closed state"],
    ],
    becomes: 'Unavailable',
    means: 'the connection was lost',
    next: WAIT,
  },
  {
    codes: ['timeout exceeded when trying to connect', 'timeout expired', 'Query read timeout'],
    becomes: 'Unavailable',
    means: 'no answer in time',
    next: 'see to network and firewall, and to the load of the server',
  },
  {
    codes: ['The server does not support SSL connections', 'There was an error establishing an SSL connection'],
    becomes: 'Unavailable',
    means: 'TLS could not be agreed upon',
    next: 'see to the TLS option in {setting}',
  },
  {
    codes: ['SASL:'],
    becomes: 'PrivilegeMissing',
    means: 'the server asks for a password, and the URL holds none that will do',
    next: LOGIN,
  },
];

/** SQLSTATEs of the target. */
export const POSTGRES_RULES: readonly Rule[] = [
  {
    codes: ['08*', '57P01', '57P02', '57P04', '57P05'],
    becomes: 'TargetUnavailable',
    means: 'the server has ended the connection',
    next: WAIT,
  },
  {
    codes: ['57P03'],
    becomes: 'TargetUnavailable',
    means: 'the server is starting, stopping or recovering',
    next: WAIT,
  },
  {
    codes: ['53300'],
    becomes: 'TargetUnavailable',
    means: 'all connections of the server, the database or the role are taken',
    next: 'end other clients, or raise max_connections or the CONNECTION LIMIT',
  },
  {
    codes: ['25006'],
    becomes: 'TargetUnavailable',
    state: 'takes no writes',
    means: 'the server is a standby, or was made read-only',
    next: 'name the primary in {setting}, or see to default_transaction_read_only',
  },
  {
    codes: ['40000', '40001', '40003'],
    becomes: 'Contention',
    means: 'rolled back for another transaction',
    next: AGAIN,
  },
  { codes: ['40P01'], becomes: 'Contention', means: 'deadlock', next: AGAIN },
  {
    codes: ['55P03', '55006'],
    becomes: 'Contention',
    means: 'a lock was not to be had in time',
    next: 'see who holds it (pg_locks, pg_blocking_pids) and end that',
  },
  {
    codes: ['57014'],
    becomes: 'Contention',
    means: 'the statement was cancelled, or ran into its time-out',
    next: 'see what slows the server; smaller batches (batchRows) take less time each',
  },
  {
    codes: ['25P03', '25P04'],
    becomes: 'Contention',
    means: 'the transaction stood idle or open for too long, and was ended',
    next: AGAIN,
  },
  { codes: ['53100'], becomes: 'ResourcesExhausted', means: 'a disk is full', next: ROOM, speaks: true },
  {
    codes: ['53*'],
    becomes: 'ResourcesExhausted',
    means: 'memory, or what a setting allows, is used up',
    next: 'raise the limit that the message names, or free what it counts',
    speaks: true,
  },
  {
    codes: ['58030'],
    becomes: 'ResourcesExhausted',
    means: 'the server could not read or write a file',
    next: "see to the server's disk, and its log",
  },
  {
    codes: ['54000'],
    becomes: 'DataRefused',
    means: 'a row or an index entry is too large',
    next: 'shorten the value in the source, or drop the index on it',
  },
  {
    codes: ['54*'],
    becomes: 'ResourcesExhausted',
    means: 'a limit of the server is passed',
    next: 'raise the limit (max_stack_depth, for one), or see to the triggers of the table',
  },
  { codes: ['42501'], becomes: 'PrivilegeMissing', means: 'a right is missing', next: GRANT, speaks: true },
  { codes: ['28*'], becomes: 'PrivilegeMissing', means: 'the login was refused', next: LOGIN, speaks: true },
  {
    codes: [
      ...['3D000', '3F000', '42P01', '42P10', '42703', '42704', '42804', '42809', '42846', '42883'],
      ...['428C9', '0A000'],
    ],
    becomes: 'SchemaChanged',
    means: 'a database, schema, table, column, type, index or function is not as it was',
    next: SCHEMA,
    speaks: true,
  },
  {
    codes: ['26000'],
    becomes: 'DatabaseError',
    means: 'a pooler stands between worker and server, and changes sessions',
    next: 'name the server itself in {setting}, or set the pooler to sessions',
  },
  {
    codes: ['42*'],
    becomes: 'DatabaseError',
    means: 'the server does not take the statement',
    next: '`carryover check` names what does not fit; else it is a defect',
    speaks: true,
  },
  { codes: ['22*'], becomes: 'DataRefused', means: 'a value does not fit', next: ROW },
  {
    codes: ['23*', '27000', '40002', '44000'],
    becomes: 'DataRefused',
    means: 'a constraint refuses a row',
    next: ROW,
  },
  { codes: ['P0*'], becomes: 'DataRefused', means: 'a trigger or function refuses a row', next: ROW },
  { codes: ['XX*'], becomes: 'DatabaseError', means: 'an error within the server', next: "see the server's log" },
];

/** Numbers of MySQL and MariaDB, the source. */
export const MYSQL_RULES: readonly Rule[] = [
  {
    codes: [
      ...['1053', '1077', '1079', '1080', '1152', '1158', '1159', '1160', '1161', '1184', '1927', '2006', '2013'],
      ...['4031'],
    ],
    becomes: 'SourceUnavailable',
    means: 'the server has ended the connection, or is stopping',
    next: WAIT,
  },
  {
    codes: ['1040', '1135', '1203', '1226'],
    becomes: 'SourceUnavailable',
    means: 'all connections of the server or the user are taken',
    next: 'end other clients, or raise max_connections, max_user_connections or the limits of the account',
  },
  {
    codes: ['1129'],
    becomes: 'SourceUnavailable',
    means: 'the server has blocked this host after failed connections',
    next: 'run FLUSH HOSTS there, and see what failed',
  },
  { codes: ['1213'], becomes: 'Contention', means: 'deadlock', next: AGAIN },
  {
    codes: ['1020', '1205'],
    becomes: 'Contention',
    means: 'a lock was not to be had in time, or a row changed meanwhile',
    next: 'see who holds it (SHOW ENGINE INNODB STATUS) and end that',
  },
  {
    codes: ['1028', '1317', '1969', '3024'],
    becomes: 'Contention',
    means: 'the statement was killed, or ran into its time-out',
    next: 'see max_statement_time or max_execution_time; smaller batches (batchRows) take less time each',
  },
  {
    codes: ['1', '3', '20', '1021', '1026', '1114'],
    becomes: 'ResourcesExhausted',
    means: 'a disk is full, or a file could not be written',
    next: ROOM,
  },
  {
    codes: ['5', '1037', '1038', '1041', '1206'],
    becomes: 'ResourcesExhausted',
    means: 'memory is used up',
    next: 'give the server more memory, or its buffers less (sort_buffer_size, for one)',
  },
  {
    codes: ['1044', '1142', '1143', '1227', '1370'],
    becomes: 'PrivilegeMissing',
    means: 'a right is missing',
    next: GRANT,
    speaks: true,
  },
  {
    codes: ['1045', '1130', '1251', '1524', '1698', '1820', '1862', '3118', '4151'],
    becomes: 'PrivilegeMissing',
    means: 'the login was refused',
    next: LOGIN,
    speaks: true,
  },
  {
    codes: ['1049', '1051', '1054', '1109', '1146', '1305', '1356', '1412', '1932'],
    becomes: 'SchemaChanged',
    means: 'a database, table, column, view or function is not as it was',
    next: SCHEMA,
    speaks: true,
  },
  {
    codes: ['1290', '1792', '1836'],
    becomes: 'DatabaseError',
    means: 'something writes, and the source is only read',
    next: "see to the functions in the mapping's where",
  },
];
