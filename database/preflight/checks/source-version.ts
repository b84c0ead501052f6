import type { Context } from '../context';

/** The oldest versions that the SQL of the source was written for. */
const OLDEST = { MySQL: [5, 6], MariaDB: [10, 2] } as const;

export async function sourceVersion(context: Context): Promise<string[]> {
  const version = (await context.source('preflight.sourceVersion', 'SELECT VERSION()'))[0]?.[0] ?? '';
  return sourceVersionProblem(version);
}

/** @param version answer of `SELECT VERSION()` */
export function sourceVersionProblem(version: string): string[] {
  const product = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL';
  // Old replication set-ups put 5.5.5- before MariaDB's own number.
  const match = /^(?:5\.5\.5-)?(\d+)\.(\d+)/.exec(version);
  const [major, minor] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
  const [oldMajor, oldMinor] = OLDEST[product];
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return [];
  return [
    `The source is ${product} ${major}.${minor}; Carryover reads MySQL from 5.6 and MariaDB from 10.2 on: upgrade it, or read from a newer replica.`,
  ];
}
