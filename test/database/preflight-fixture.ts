/** A small pair of databases in perfect order, with the limited accounts of docs/privileges.md, to be put out of order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { installSchema } from '../../database/schema/install';
import type { Source } from '../../database/source/open-source';
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import type { Target } from '../../database/target/session';
import type { Mapping } from '../../mappings/mapping';
import { createDatabases } from '../support/databases';

export const visits: Mapping = {
  name: 'visits',
  domain: 'test',
  source: { table: 'visit', key: ['id'], ignored: ['old_note'] },
  time: { zone: 'Europe/Berlin', gap: 'quarantine', fold: 'first' },
  id: { namespace: '5a1c2d0e-0d0f-5d6b-9d5e-0f6f3a1f2b3c', target: 'id' },
  target: { schema: 'public', table: 'visits' },
  cases: [
    {
      name: 'order',
      source: 'order_number',
      convert: { kind: 'text' },
      lookup: { table: 'orders', key: 'order_number', value: 'id' },
      target: 'order_id',
      missing: 'quarantine',
    },
  ],
  actors: [
    {
      name: 'user',
      source: 'user_id',
      convert: { kind: 'integer', type: 'bigint' },
      lookup: { table: 'profiles', key: 'legacy_user_id', value: 'id' },
      target: 'user_id',
      missing: 'null',
      flag: 'no_user',
    },
  ],
  columns: [
    { source: 'id', target: 'legacy_id', convert: { kind: 'integer', type: 'bigint' } },
    {
      source: 'kind',
      target: 'kind',
      convert: { kind: 'code', type: 'visit_kind', codes: { 1: 'first', 2: 'later' }, unknown: 'quarantine' },
    },
    { source: 'urgent', target: 'urgent', convert: { kind: 'boolean' } },
    { source: 'title', target: 'title', convert: { kind: 'text', max: 80 } },
    { source: 'body', target: 'body', convert: { kind: 'text' }, nullable: true },
    { source: 'fee', target: 'fee', convert: { kind: 'decimal', precision: 10, scale: 2 }, nullable: true },
    { source: 'seen_on', target: 'seen_on', convert: { kind: 'date', zero: 'null' }, nullable: true },
    { source: 'at', target: 'at', convert: { kind: 'instant', precision: 3, zero: 'quarantine' } },
  ],
  lineage: {
    target: 'lineage',
    values: [
      { name: 'source_order', source: 'order_number', convert: { kind: 'text' } },
      { name: 'source_user', source: 'user_id', convert: { kind: 'integer', type: 'bigint' } },
      { name: 'source_seen_on', source: 'seen_on', convert: { kind: 'text' } },
    ],
    constants: { migration_source: 'visit' },
  },
  report: {},
};

/** The mapping with some parts changed. */
export const changed = (change: Partial<Mapping>): Mapping => ({ ...visits, ...change });

/** The mapping with one rule changed. */
export const withColumn = (index: number, change: object): Mapping =>
  changed({ columns: visits.columns.map((rule, at) => (at === index ? { ...rule, ...change } : rule)) });

const SOURCE_TABLES = `
CREATE TABLE visit (id int unsigned NOT NULL PRIMARY KEY, order_number varchar(20), user_id int NOT NULL, kind tinyint,
  urgent tinyint(1), title varchar(80), body text, fee decimal(10,2), seen_on date, at datetime(3), old_note char(3),
  KEY by_user (user_id)) ENGINE = InnoDB`;

const TARGET_TABLES = `
CREATE TYPE visit_kind AS ENUM ('first', 'later');
CREATE TABLE orders (id uuid PRIMARY KEY, order_number text UNIQUE);
CREATE TABLE profiles (id uuid PRIMARY KEY, legacy_user_id bigint UNIQUE);
CREATE TABLE cases (id uuid PRIMARY KEY);
CREATE TABLE visits (id uuid PRIMARY KEY, legacy_id bigint NOT NULL UNIQUE, order_id uuid NOT NULL REFERENCES orders,
  user_id uuid REFERENCES profiles, no_user boolean NOT NULL, kind visit_kind NOT NULL, urgent boolean NOT NULL,
  title varchar(80) NOT NULL, body text, fee numeric(10,2), seen_on date, at timestamptz NOT NULL,
  lineage jsonb NOT NULL, created timestamptz NOT NULL DEFAULT now())`;

/** The statements of docs/privileges.md for one side, with the names of this test for the examples of the page. */
export function documentedGrants(side: 'source' | 'target', names: Readonly<Record<string, string>>): string[] {
  const page = readFileSync(join(__dirname, '../../docs/privileges.md'), 'utf8');
  const blocks = [...page.matchAll(/```sql (source|target)\n([\s\S]*?)```/g)].filter((block) => block[1] === side);
  let sql = blocks.map((block) => block[2]!).join('\n');
  for (const [example, name] of Object.entries(names)) sql = sql.replaceAll(example, name);
  return sql
    .split(/;\s*\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

export interface PreflightFixture {
  /** URLs of the limited accounts. */
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /** URLs of the accounts that own the databases. */
  readonly adminSourceUrl: string;
  readonly adminTargetUrl: string;
  readonly reader: string;
  readonly worker: string;
  readonly source: Source;
  readonly target: Target;
  asSourceAdmin(...statements: string[]): Promise<void>;
  asTargetAdmin(...statements: string[]): Promise<void>;
  drop(): Promise<void>;
}

export const PASSWORD = 'Secret-9-of-the-test';

export async function createPreflightFixture(): Promise<PreflightFixture> {
  const databases = await createDatabases();
  const sourceUrl = new URL(databases.sourceUrl);
  const targetUrl = new URL(databases.targetUrl);
  const suffix = `${process.pid}_${Date.now() % 1e8}_${Math.floor(Math.random() * 1e4)}`;
  const [reader, worker] = [`reader_${suffix}`, `worker_${suffix}`];
  const sourceAdmin = await mysql.createConnection(databases.sourceUrl);
  const targetAdmin = new pg.Client({ connectionString: databases.targetUrl });
  await targetAdmin.connect();

  await sourceAdmin.query(SOURCE_TABLES);
  await targetAdmin.query(TARGET_TABLES);
  await installSchema(databases.targetUrl);
  for (const grant of documentedGrants('source', {
    clinic: sourceUrl.pathname.slice(1),
    carryover_reader: reader,
    'change-me': PASSWORD,
  })) {
    await sourceAdmin.query(grant);
  }
  for (const grant of documentedGrants('target', {
    clinic: targetUrl.pathname.slice(1),
    carryover_worker: worker,
    'change-me': PASSWORD,
    'public.case_states, public.messages': 'public.visits',
  })) {
    await targetAdmin.query(grant);
  }

  const login = (url: URL, user: string): string => {
    const own = new URL(url);
    [own.username, own.password] = [user, PASSWORD];
    return own.href;
  };
  const source = openSource(login(sourceUrl, reader));
  const target = openTarget(login(targetUrl, worker));
  return {
    sourceUrl: login(sourceUrl, reader),
    targetUrl: login(targetUrl, worker),
    adminSourceUrl: databases.sourceUrl,
    adminTargetUrl: databases.targetUrl,
    reader,
    worker,
    source,
    target,
    asSourceAdmin: async (...statements) => {
      for (const statement of statements) await sourceAdmin.query(statement);
    },
    asTargetAdmin: async (...statements) => {
      for (const statement of statements) await targetAdmin.query(statement);
    },
    drop: async () => {
      await Promise.all([source.close(), target.end()]);
      await sourceAdmin.query(`DROP USER '${reader}'@'%'`);
      await targetAdmin.query(`DROP OWNED BY ${worker}`);
      await targetAdmin.query(`DROP ROLE ${worker}`);
      await Promise.all([sourceAdmin.end(), targetAdmin.end()]);
      await databases.drop();
    },
  };
}
