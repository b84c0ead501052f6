/** Every setting, read once, checked together, frozen. Main files pass `process.env`; nothing else reads it. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { DEFAULT_TASK_QUEUE } from './shared/names';
import { listProblems } from './shared/errors';

/** Seconds; longer than the short steps of a batch, so that these end by themselves. */
export const DEFAULT_SHUTDOWN_GRACE_S = 10;

export interface HttpAddress {
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface Config {
  /** mysql://user:password@host:port/database; undefined where it is set nowhere. */
  readonly sourceUrl: string | undefined;
  /** postgres://user:password@host:port/database; undefined where it is set nowhere. */
  readonly targetUrl: string | undefined;
  readonly taskQueue: string;
  /** Folder that reports are written to, absolute. */
  readonly reportsDir: string;
  /** Seconds that the steps in hand have to end by themselves when a worker is stopped. */
  readonly shutdownGrace: number;
  /** Where a worker answers /healthz and /metrics; nowhere where it is undefined. */
  readonly httpAddress: HttpAddress | undefined;
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

function readGrace(value: string | undefined, problems: string[]): number {
  if (value === undefined) return DEFAULT_SHUTDOWN_GRACE_S;
  const seconds = Number(value);
  if (/^\d{1,4}$/.test(value) && seconds >= 1 && seconds <= 3600) return seconds;
  problems.push('CARRYOVER_SHUTDOWN_GRACE must be a whole number of seconds from 1 to 3600');
  return DEFAULT_SHUTDOWN_GRACE_S;
}

function readHttpAddress(value: string | undefined, problems: string[]): HttpAddress | undefined {
  if (value === undefined) return undefined;
  const [, ip6, name, digits] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  if (digits !== undefined && port >= 1 && port <= 65_535) return { host: ip6 ?? name!, port };
  const form = 'host:port, with a port from 1 to 65535, such as 127.0.0.1:9464 or [::1]:9464';
  problems.push(`CARRYOVER_HTTP_ADDRESS must read ${form}; without it, /healthz and /metrics are off`);
  return undefined;
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

  const shutdownGrace = readGrace(set('CARRYOVER_SHUTDOWN_GRACE'), problems);
  const httpAddress = readHttpAddress(set('CARRYOVER_HTTP_ADDRESS'), problems);

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
    shutdownGrace,
    httpAddress,
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
