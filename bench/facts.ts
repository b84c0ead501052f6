/** What the figures depend on beside the code: versions, settings, the machine. All asked, nothing assumed. */
import { execFile } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Connection } from '@temporalio/client';
import type { Connection as SourceConnection, RowDataPacket } from 'mysql2/promise';
import type { Client } from 'pg';

const TARGET_SETTINGS = [
  'shared_buffers', 'work_mem', 'maintenance_work_mem', 'max_wal_size', 'wal_compression', 'synchronous_commit', 'fsync',
  'max_parallel_workers', 'max_parallel_maintenance_workers', 'jit', 'autovacuum',
]; // prettier-ignore
const SOURCE_SETTINGS = ['innodb_buffer_pool_size', 'innodb_flush_method', 'query_cache_type', 'log_bin'];

export interface Facts {
  readonly commit: string | null;
  /** True where the work tree differs from the commit; null where git does not tell. */
  readonly changed: boolean | null;
  readonly cores: number;
  readonly memoryGb: number;
  readonly versions: Readonly<Record<'node' | 'source' | 'target' | 'temporal', string>>;
  readonly settings: {
    readonly source: Readonly<Record<string, string>>;
    readonly target: Readonly<Record<string, string>>;
  };
}

/** Asks the servers, the system and git. */
export async function readFacts(source: SourceConnection, target: Client, temporal: Connection): Promise<Facts> {
  const [[variables], settings, info, commit, status] = await Promise.all([
    source.query<RowDataPacket[]>(
      `SHOW VARIABLES WHERE Variable_name IN (${['version', ...SOURCE_SETTINGS].map((name) => `'${name}'`).join(', ')})`,
    ),
    target.query<{ name: string; value: string }>(
      'SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY ($1) ORDER BY name',
      [['server_version', ...TARGET_SETTINGS]],
    ),
    temporal.workflowService.getSystemInfo({}),
    git('rev-parse', 'HEAD'),
    git('status', '--porcelain', '--untracked-files=no'),
  ]);
  const from = Object.fromEntries(variables.map((row) => [row.Variable_name as string, row.Value as string]));
  const to = Object.fromEntries(settings.rows.map(({ name, value }) => [name, value]));
  const { version = '?', ...sourceSettings } = from;
  const { server_version: targetVersion = '?', ...targetSettings } = to;
  return {
    commit,
    changed: status === null ? null : status !== '',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    versions: {
      node: process.version,
      source: version,
      target: targetVersion,
      temporal: info.serverVersion ?? '?',
    },
    settings: { source: sourceSettings, target: targetSettings },
  };
}

async function git(...args: string[]): Promise<string | null> {
  try {
    return (await promisify(execFile)('git', args, { cwd: __dirname })).stdout.trim();
  } catch {
    return null; // no git here, or no repository: the result says so
  }
}
