/** The limited logins of a worker: it reads the source, and in the target writes what it migrates and no more. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';

export const READER = 'carryover_reader';
export const WORKER = 'carryover_worker';

/**
 * Creates or updates the source's login. Twice, for any host and for the own one: an anonymous local user, as some
 * installations have it, would otherwise come before ours.
 */
export async function createReader(source: Connection, password: string): Promise<void> {
  const [rows] = await source.query<RowDataPacket[]>('SELECT DATABASE() AS name');
  // In GRANT, a database's name is a pattern.
  const database = (rows[0]!.name as string).replace(/[\\_%]/g, '\\$&').replaceAll('`', '``');
  for (const host of ['%', 'localhost']) {
    const user = `'${READER}'@'${host}'`;
    await source.query(`CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY ${source.escape(password)}`);
    await source.query(`ALTER USER ${user} IDENTIFIED BY ${source.escape(password)}`);
    await source.query(`GRANT SELECT ON \`${database}\`.* TO ${user}`);
  }
}

/** What two sessions that change one role at once may get: it exists already, or was changed under our hands. */
const CONCURRENT = new Set(['42710', '23505', 'XX000']);
const ATTEMPTS = 20;

/** Creates or updates the target's login, and gives it its rights in this database. */
export async function createWorker(target: Client, password: string): Promise<void> {
  const { rows } = await target.query<{ name: string }>('SELECT current_database() AS name');
  const database = escapeIdentifier(rows[0]!.name);
  await persist(() =>
    target.query(`
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${WORKER}') THEN
    CREATE ROLE ${WORKER} LOGIN;
  END IF;
END $$;
ALTER ROLE ${WORKER} LOGIN PASSWORD ${escapeLiteral(password)};`),
  );
  await target.query(`
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${database} TO ${WORKER};
GRANT USAGE ON SCHEMA public TO ${WORKER};
GRANT SELECT ON public.orders, public.profiles, public.cases TO ${WORKER};
GRANT SELECT, INSERT, UPDATE, DELETE ON public.case_states, public.messages TO ${WORKER};
GRANT USAGE ON TYPE public.case_state_type TO ${WORKER};`);
}

/** Roles belong to the whole server: samples made at the same time in two of its databases meet here. */
async function persist(change: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await change();
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined || !CONCURRENT.has(code) || attempt === ATTEMPTS) throw error;
      await sleep(25 * attempt);
    }
  }
}
