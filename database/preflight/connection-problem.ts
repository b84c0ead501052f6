/** Why a server cannot be used, as one sentence with its remedy. Never the driver's own text: it may hold values. */

export type Side = 'source' | 'target';

export const URL_SETTING: Readonly<Record<Side, string>> = {
  source: 'CARRYOVER_SOURCE_URL',
  target: 'CARRYOVER_TARGET_URL',
};

/** Found and remedy by the code of the driver, the operating system or the server. */
const CAUSES: Readonly<Record<string, readonly [found: string, remedy: string]>> = {
  ECONNREFUSED: ['nothing listens there', 'start the server, or correct host and port in {setting}'],
  ENOTFOUND: ['the host name is not known', 'correct the host in {setting}'],
  EAI_AGAIN: ['the host name could not be looked up', 'correct the host in {setting}, or see to the name service'],
  ETIMEDOUT: ['the server did not answer in time', 'see to network and firewall, or correct the host in {setting}'],
  EHOSTUNREACH: ['the host is not reachable', 'see to network and firewall, or correct the host in {setting}'],
  ENETUNREACH: ['the network is not reachable', 'see to network and firewall, or correct the host in {setting}'],
  ECONNRESET: ['the server closed the connection', 'see whether the port in {setting} is that of a database'],
  PROTOCOL_CONNECTION_LOST: ['the server closed the connection', 'see whether the port in {setting} is right'],
  HANDSHAKE_NO_SSL_SUPPORT: ['the server offers no TLS', 'take the TLS option out of {setting}'],
  HANDSHAKE_SSL_ERROR: ['the TLS handshake failed', 'see to the certificates, or to the TLS option in {setting}'],
  ER_ACCESS_DENIED_ERROR: ['the login was refused', 'correct user and password in {setting}'],
  ER_DBACCESS_DENIED_ERROR: [
    'the user has no right to the database, or there is none of that name',
    'correct the database in {setting}, or GRANT SELECT on its tables to the user (docs/privileges.md)',
  ],
  ER_BAD_DB_ERROR: ['there is no database of that name', 'correct the database in {setting}'],
  ER_HOST_NOT_PRIVILEGED: ['the server takes no login from this host', 'create the user for this host'],
  ER_HOST_IS_BLOCKED: ['the server has blocked this host', 'run FLUSH HOSTS on the server'],
  ER_CON_COUNT_ERROR: ['all connections of the server are taken', 'raise max_connections, or try again later'],
  ER_ACCOUNT_HAS_BEEN_LOCKED: ['the account is locked', 'ALTER USER … ACCOUNT UNLOCK'],
  ER_MUST_CHANGE_PASSWORD_LOGIN: ['the password has expired', 'ALTER USER … IDENTIFIED BY …'],
  '28P01': ['the login was refused', 'correct user and password in {setting}'],
  '28000': [
    'the login was refused before a password was asked for',
    'correct the user in {setting}, or add a line for user, database and host to pg_hba.conf',
  ],
  '3D000': ['there is no database of that name', 'correct the database in {setting}, or CREATE DATABASE it'],
  '42501': ['the user may not connect to the database', 'GRANT CONNECT ON DATABASE … TO the user'],
  '53300': ['all connections of the server are taken', 'raise max_connections, or try again later'],
  '57P03': ['the server is starting or stopping', 'try again in a moment'],
};

/** The same cause under the numbers that drivers and older servers give. */
const ALIASES: Readonly<Record<string, string>> = {
  '1040': 'ER_CON_COUNT_ERROR',
  '1044': 'ER_DBACCESS_DENIED_ERROR',
  '1045': 'ER_ACCESS_DENIED_ERROR',
  '1049': 'ER_BAD_DB_ERROR',
  '1698': 'ER_ACCESS_DENIED_ERROR',
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: 'ER_ACCESS_DENIED_ERROR',
};

/** The first known code along the chain of causes, else the first code of any kind. */
export function errorCode(error: unknown): string | undefined {
  const codes = [...chain(error)].flatMap((link) => {
    const { code, errno, sqlState } = link as { code?: unknown; errno?: unknown; sqlState?: unknown };
    const given = [code, errno, sqlState].filter((value) => typeof value === 'string' || typeof value === 'number');
    return given.map(String);
  });
  const canonical = codes.map((code) => ALIASES[code] ?? code);
  return canonical.find((code) => code in CAUSES) ?? canonical[0];
}

function* chain(error: unknown, depth = 0): Generator<object> {
  if (typeof error !== 'object' || error === null || depth > 8) return;
  yield error;
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  yield* chain(cause, depth + 1);
  // Where a host name has several addresses, Node reports one error for each.
  if (Array.isArray(errors)) for (const inner of errors) yield* chain(inner, depth + 1);
}

/** One sentence on why `side` at `where` (see `describeUrl`) cannot be used. */
export function connectionProblem(side: Side, where: string, error: unknown): string {
  const code = errorCode(error) ?? (saysPassword(error) ? '28P01' : undefined);
  const cause = code === undefined ? undefined : CAUSES[code];
  if (cause === undefined) {
    return `The ${side} (${where}) cannot be used (${code ?? 'no error code'}); look at the server's own log, and correct ${URL_SETTING[side]} if it names another server than intended.`;
  }
  const [found, remedy] = cause;
  return `The ${side} (${where}) cannot be used: ${found} (${code}); ${remedy.replace('{setting}', URL_SETTING[side])}.`;
}

/** The PostgreSQL driver gives no code where the server asks for a password and the URL holds none. */
function saysPassword(error: unknown): boolean {
  return error instanceof Error && /password/i.test(error.message);
}
