/** Connections to both sides; what goes wrong is said in words, without the address's password. */
import { createConnection, type Connection } from 'mysql2/promise';
import { Client } from 'pg';
import { causeOf, SampleError } from './errors';

const SIDES = {
  source: { variable: 'CARRYOVER_SOURCE_URL', protocols: ['mysql:', 'mariadb:'], example: 'mysql://user@host/clinic' },
  target: {
    variable: 'CARRYOVER_TARGET_URL',
    protocols: ['postgres:', 'postgresql:'],
    example: 'postgres://user@host/clinic',
  },
} as const;

function check(side: keyof typeof SIDES, url: string | undefined): string {
  const { variable, protocols, example } = SIDES[side];
  const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  if (
    url === undefined ||
    parsed === undefined ||
    !(protocols as readonly string[]).includes(parsed.protocol) ||
    parsed.pathname.length < 2
  ) {
    throw new SampleError(`${variable} must be the address of the ${side}'s database, such as ${example}.`);
  }
  return url;
}

function unreachable(side: keyof typeof SIDES, error: unknown): SampleError {
  return new SampleError(`The ${side} (${SIDES[side].variable}) does not let us in: ${causeOf(error)}.`);
}

/** A connection to the source. */
export async function connectSource(url: string | undefined): Promise<Connection> {
  const uri = check('source', url).replace(/^mariadb:/, 'mysql:');
  try {
    const connection = await createConnection({ uri, charset: 'utf8mb4', timezone: 'Z', supportBigNumbers: true });
    connection.on('error', () => undefined); // a lost connection fails the statement under way as well
    return connection;
  } catch (error) {
    throw unreachable('source', error);
  }
}

/** A connection to the target. */
export async function connectTarget(url: string | undefined): Promise<Client> {
  const client = new Client({ connectionString: check('target', url), application_name: 'carryover sample' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw unreachable('target', error);
  }
}
