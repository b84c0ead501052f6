/** Two tables on either side, an account of few rights, and connections past the product's, to provoke errors with. */
import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import pg from 'pg';
import { toCarryoverError } from '../../database/sql-errors';
import type { Side } from '../../database/sql-errors';
import { CarryoverError } from '../../shared/errors';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';

/** Stands in rows, and must stand in no error. */
export const VALUE = `Marker${randomBytes(6).toString('hex')}`;

type Change = Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'port'>>;

export interface Provoker {
  readonly engine: Engine;
  /** An account of either server that may log in once at a time, and read nothing. */
  readonly role: string;
  readonly limited: { readonly username: string; readonly password: string };
  /** Connections to target and source, which `tidy` ends. */
  client(change?: Change): Promise<pg.Client>;
  reader(change?: Change): Promise<Connection>;
  fill(): Promise<void>;
  tidy(): Promise<void>;
  drop(): Promise<void>;
}

/** The same server with changed parts of the URL. */
export const changed = (url: string, change: Change): string => Object.assign(new URL(url), change).href;

/** What a promise rejects with, as an error of ours that holds no value. */
export async function refusal(side: Side, promise: Promise<unknown>): Promise<CarryoverError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => toCarryoverError(side, thrown),
  );
  expect(error).toBeInstanceOf(CarryoverError);
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(VALUE);
  return error as CarryoverError;
}

export async function createProvoker(): Promise<Provoker> {
  const engine = await createEngine();
  const role = `limited_${randomBytes(4).toString('hex')}`;
  await engine.onTarget(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 1`);
  await engine.onSource(`CREATE USER '${role}'@'%' IDENTIFIED BY 'secret' WITH MAX_USER_CONNECTIONS 1`);
  const opened: { end(): Promise<void> }[] = [];
  return {
    engine,
    role,
    limited: { username: role, password: 'secret' },
    client: async (change = {}) => {
      const connection = new pg.Client({ connectionString: changed(engine.targetUrl, change) });
      connection.on('error', () => undefined);
      await connection.connect();
      opened.push(connection);
      return connection;
    },
    reader: async (change = {}) => {
      const connection = await mysql.createConnection({ uri: changed(engine.sourceUrl, change) });
      connection.on('error', () => undefined);
      opened.push(connection);
      return connection;
    },
    fill: async () => {
      await engine.onTarget(`
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent, note text NOT NULL,
                    short varchar(3), CONSTRAINT no_marker CHECK (note <> 'bad ${VALUE}'));
INSERT INTO parent VALUES (1), (2)`);
      await engine.onSource('CREATE TABLE child (id integer PRIMARY KEY, note text) ENGINE = InnoDB');
      await engine.onSource('INSERT INTO child VALUES (1, ?), (2, ?)', [VALUE, VALUE]);
    },
    tidy: async () => {
      await Promise.allSettled(opened.splice(0).map((connection) => connection.end()));
      await engine.onTarget('DROP TABLE IF EXISTS child, parent');
      await engine.onTarget('DROP FUNCTION IF EXISTS refuse');
      await engine.onSource('DROP TABLE IF EXISTS child');
    },
    drop: async () => {
      await engine.onTarget(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await engine.onSource(`DROP USER '${role}'@'%'`);
      await engine.drop();
    },
  };
}
