/** Every setting, read once, checked together, frozen. Main files pass `process.env`; nothing else reads it. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { DEFAULT_TASK_QUEUE } from './shared/names';
import { listProblems } from './shared/errors';

export interface Config {
  /** mysql://user:password@host:port/database; undefined where it is set nowhere. */
  readonly sourceUrl: string | undefined;
  /** postgres://user:password@host:port/database; undefined where it is set nowhere. */
  readonly targetUrl: string | undefined;
  readonly taskQueue: string;
  /** Folder that reports are written to, absolute. */
  readonly reportsDir: string;
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    /** Where the Temporal UI answers, where that is known. */
    readonly ui: string | undefined;
    readonly connectionOptions: NonNullable<ClientConnectConfig['connectionOptions']>;
  };
}

/** One error with every problem of the settings. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(listProblems('The settings cannot be used:', problems));
    this.name = 'ConfigError';
  }
}

interface Services {
  readonly temporal?: { readonly address?: string; readonly ui?: string | null };
  readonly source?: { readonly url?: string };
  readonly target?: { readonly url?: string };
}

/** What `npm run up` wrote, so that commands find its servers without any variable. */
function readServices(home: string): Services {
  try {
    return JSON.parse(readFileSync(join(home, 'services.json'), 'utf8')) as Services;
  } catch {
    return {};
  }
}

function checkUrl(name: string, value: string | undefined, schemes: readonly string[], problems: string[]): void {
  if (value === undefined) return;
  const form = `${schemes[0]!}//user:password@host:port/database`;
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    problems.push(`${name} is not a URL; it must read ${form}`);
    return;
  }
  if (!schemes.includes(url.protocol)) problems.push(`${name} begins with ${url.protocol}//; it must read ${form}`);
  else if (url.hostname === '') problems.push(`${name} names no host; it must read ${form}`);
  if (url.pathname.length < 2) problems.push(`${name} names no database; it must read ${form}`);
}

/** The first line alone, with the place: what follows in an error of the TOML reader quotes the file, and so its API key. */
function describe(error: unknown): string {
  const { message, line } = error as { message: string; line?: number };
  return `${message.split('\n')[0]}${line === undefined ? '' : ` (line ${line})`}`;
}

/**
 * @param env the process's environment
 * @param cwd folder in which `.carryover/services.json` and relative paths are looked for
 * @throws ConfigError with all problems at once; it never shows a value that may hold a secret
 */
export function loadConfig(env: NodeJS.ProcessEnv, cwd = process.cwd()): Config {
  const problems: string[] = [];
  const set = (name: string): string | undefined =>
    env[name] === undefined || env[name] === '' ? undefined : env[name];
  const services = readServices(resolve(cwd, set('CARRYOVER_HOME') ?? '.carryover'));
  const sourceUrl = set('CARRYOVER_SOURCE_URL') ?? services.source?.url;
  const targetUrl = set('CARRYOVER_TARGET_URL') ?? services.target?.url;
  checkUrl('CARRYOVER_SOURCE_URL', sourceUrl, ['mysql:', 'mariadb:'], problems);
  checkUrl('CARRYOVER_TARGET_URL', targetUrl, ['postgres:', 'postgresql:'], problems);

  let connect: Partial<ClientConnectConfig> = {};
  try {
    connect = loadClientConnectConfig({ overrideEnvVars: env as Record<string, string> });
  } catch (error) {
    problems.push(`Temporal's settings (TEMPORAL_* variables or its TOML profile) cannot be read: ${describe(error)}`);
  }
  const address = connect.connectionOptions?.address ?? services.temporal?.address ?? 'localhost:7233';
  if (problems.length > 0) throw new ConfigError(problems);

  return Object.freeze({
    sourceUrl,
    targetUrl,
    taskQueue: set('CARRYOVER_TASK_QUEUE') ?? DEFAULT_TASK_QUEUE,
    reportsDir: resolve(cwd, set('CARRYOVER_REPORTS_DIR') ?? 'reports'),
    temporal: {
      address,
      namespace: connect.namespace ?? 'default',
      ui: address === services.temporal?.address ? (services.temporal.ui ?? undefined) : undefined,
      connectionOptions: { ...connect.connectionOptions, address },
    },
  });
}

/** The two URLs, or one error that says which is missing and how to set it. */
export function requireUrls(config: Config): { sourceUrl: string; targetUrl: string } {
  const problems: string[] = [];
  const how = 'set it, or start the servers of this project with `npm run up`';
  if (config.sourceUrl === undefined) problems.push(`CARRYOVER_SOURCE_URL is not set: ${how}`);
  if (config.targetUrl === undefined) problems.push(`CARRYOVER_TARGET_URL is not set: ${how}`);
  if (problems.length > 0) throw new ConfigError(problems);
  return { sourceUrl: config.sourceUrl!, targetUrl: config.targetUrl! };
}
