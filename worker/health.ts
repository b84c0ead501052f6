/** Whether the servers that a worker needs answer: asked when it starts, and by whoever watches it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@temporalio/worker';
import { connectionProblem } from '../database/preflight/connection-problem';
import { describeUrl } from '../database/preflight/describe-url';

export const SERVERS = ['temporal', 'source', 'target'] as const;

export type Server = (typeof SERVERS)[number];

/** One question for each server; rejects where it cannot be answered. */
export type Probes = Readonly<Record<Server, () => Promise<unknown>>>;

export interface Health {
  readonly worker: 'polling' | 'stopping';
  readonly temporal: 'ok' | 'away';
  readonly source: 'ok' | 'away';
  readonly target: 'ok' | 'away';
}

/** Milliseconds that a server has to answer before it counts as away. */
export const PATIENCE_MS = 2_000;

/** Milliseconds between two looks at a server that was away when the worker started. */
const AGAIN_MS = 2_000;

/** Asks one question at a time: whoever asks meanwhile waits for the same answer, so that a server that hangs gathers none. */
export function oneAtATime<T>(ask: () => Promise<T>): () => Promise<T> {
  let open: Promise<T> | undefined;
  return () =>
    (open ??= ask().finally(() => {
      open = undefined;
    }));
}

/** Fails with code ETIMEDOUT where `answer` takes longer. */
export async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = sleep(milliseconds, undefined, { signal: late.signal }).then((): never => {
    throw Object.assign(new Error(`no answer within ${milliseconds} ms`), { code: 'ETIMEDOUT' });
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    timeout.catch(() => undefined);
    late.abort();
  }
}

/** True where a server answers in time. */
export function answers(probe: () => Promise<unknown>): Promise<boolean> {
  return within(PATIENCE_MS, probe()).then(
    () => true,
    () => false,
  );
}

/** @param polling whether the worker asks Temporal for work */
export async function readHealth(probes: Probes, polling: () => boolean): Promise<Health> {
  const [temporal, source, target] = await Promise.all(
    SERVERS.map(async (server) => ((await answers(probes[server])) ? 'ok' : 'away')),
  );
  return { worker: polling() ? 'polling' : 'stopping', temporal: temporal!, source: source!, target: target! };
}

export const isHealthy = (health: Health): boolean =>
  health.worker === 'polling' && SERVERS.every((server) => health[server] === 'ok');

/**
 * Looks at both databases when a worker starts, and again until each has answered once; says what it finds. The worker
 * does not wait for it: steps that need a server that is away are tried again until it is there.
 *
 * @param urls named in the lines without their passwords
 */
export async function announceDatabases(
  probes: Probes,
  urls: { readonly sourceUrl: string; readonly targetUrl: string },
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const announce = async (side: 'source' | 'target'): Promise<void> => {
    const where = describeUrl(urls[`${side}Url`]);
    let said = '';
    while (!signal.aborted) {
      const problem = await within(PATIENCE_MS, probes[side]()).then(
        () => undefined,
        (error: unknown) => connectionProblem(side, where, error),
      );
      if (signal.aborted) return;
      if (problem === undefined) {
        logger.info(`The ${side} (${where}) answers.`);
        return;
      }
      if (problem !== said) logger.warn(`${problem} The worker keeps trying; its runs go on when the server answers.`);
      said = problem;
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  await Promise.all([announce('source'), announce('target')]);
}
