/** What the checks look at: both servers through plain queries, the mapping, and the catalogue facts that they share. */
import type { Mapping } from '../../mappings/mapping';
import type { Point } from '../points';
import type { SourceQueries, SourceRow, SourceValue } from '../source/session';
import type { TargetQueries } from '../target/session';
import { describeUrl } from './describe-url';
import type { SourceColumn, SourceIndex } from './source-facts';
import { readCurrentUser, readSourceColumns, readSourceIndexes } from './source-facts';
import type { TargetColumn, TargetTable } from './target-facts';
import { readTargetColumns, readTargetTable } from './target-facts';

export interface PreflightInput {
  readonly source: SourceQueries;
  readonly target: TargetQueries;
  /** Shown, without the password, where a server cannot be used. */
  readonly sourceUrl?: string;
  readonly targetUrl?: string;
}

export type TargetRow = Readonly<Record<string, string | null>>;

/** Catalogue facts are read once and shared by the checks. */
export interface Context {
  readonly mapping: Mapping;
  readonly sourceName: string;
  readonly targetName: string;
  source(point: Point, sql: string, values?: readonly SourceValue[]): Promise<SourceRow[]>;
  /** Queries must cast what they select to text: how a pool parses other types is not for the checks to know. */
  target(point: Point, sql: string, values?: readonly unknown[]): Promise<TargetRow[]>;
  /** Account of the source connection as GRANT writes it. */
  sourceUser(): Promise<string>;
  sourceColumns(): Promise<SourceColumn[]>;
  sourceIndexes(): Promise<SourceIndex[]>;
  targetUser(): Promise<string>;
  targetTable(table: string): Promise<TargetTable | undefined>;
  targetColumns(table: string): Promise<TargetColumn[]>;
}

export function createContext(input: PreflightInput, mapping: Mapping): Context {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(fact: string, read: () => Promise<T>): Promise<T> => {
    if (!known.has(fact)) known.set(fact, read());
    return known.get(fact) as Promise<T>;
  };
  const context: Context = {
    mapping,
    sourceName: input.sourceUrl === undefined ? 'as configured' : describeUrl(input.sourceUrl),
    targetName: input.targetUrl === undefined ? 'as configured' : describeUrl(input.targetUrl),
    source: (point, sql, values) => input.source.query(point, sql, values),
    target: async (point, sql, values) => (await input.target.query<TargetRow>(point, sql, values)).rows,
    sourceUser: () => once('source user', () => readCurrentUser(context)),
    sourceColumns: () => once('source columns', () => readSourceColumns(context)),
    sourceIndexes: () => once('source indexes', () => readSourceIndexes(context)),
    targetUser: () =>
      once('target user', async () => {
        const [user] = await context.target('preflight.targetUser', 'SELECT quote_ident(current_user) AS name');
        return user!.name!;
      }),
    targetTable: (table) => once(`target table ${table}`, () => readTargetTable(context, table)),
    targetColumns: (table) => once(`target columns ${table}`, () => readTargetColumns(context, table)),
  };
  return context;
}
