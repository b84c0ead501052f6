/** The command line's way to Temporal: connects within seconds or says why not. */
import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config';
import { SEARCH_ATTRIBUTES } from '../shared/names';
import { EXIT } from './exit-codes';
import { identity } from './identity';
import { UserError } from './user-error';

/** Milliseconds that a person waits for an answer about an address. */
export const CONNECT_MS = 5_000;

/** gRPC status codes (grpc-js gives them as numbers). */
const GRPC = { invalidArgument: 3, notFound: 5, permissionDenied: 7, unimplemented: 12, unauthenticated: 16 } as const;

/** Numbers of Temporal's enum IndexedValueType. */
const VALUE_TYPES = { TEXT: 1, KEYWORD: 2, INT: 3, DOUBLE: 4, BOOL: 5, DATETIME: 6, KEYWORD_LIST: 7 } as const;

/** Numbers of Temporal's enum TaskQueueType: a run needs a worker on both. */
const QUEUE_TYPES = { workflow: 1, activity: 2 } as const;

/** A live worker polls at least once a minute; the server remembers dead ones for five. */
const POLLED_WITHIN_MS = 90_000;

export interface Temporal {
  readonly connection: Connection;
  readonly client: Client;
  readonly namespace: string;
}

/**
 * Opens a connection, runs `use`, and closes it.
 *
 * @param patience milliseconds that the connection, and then the namespace's description, may take
 */
export async function withTemporal<T>(
  config: Config,
  use: (temporal: Temporal) => Promise<T>,
  patience = CONNECT_MS,
): Promise<T> {
  const connection = await connect(config, patience);
  try {
    const { namespace } = config.temporal;
    const client = new Client({ connection, namespace, identity: identity() });
    await requireNamespace(config, connection, patience);
    return await use({ connection, client, namespace });
  } finally {
    await connection.close();
  }
}

async function connect(config: Config, connectTimeout: number): Promise<Connection> {
  try {
    return await Connection.connect({ ...config.temporal.connectionOptions, connectTimeout });
  } catch (error) {
    const { code } = grpcError(error);
    if (code === GRPC.unauthenticated || code === GRPC.permissionDenied) {
      throw new UserError(
        `Temporal at ${config.temporal.address} refuses the login; correct TEMPORAL_API_KEY or the certificates of TEMPORAL_TLS_*.`,
        EXIT.refused,
      );
    }
    throw new UserError(
      `Temporal cannot be reached at ${config.temporal.address} (from TEMPORAL_ADDRESS, else the profile in temporal.toml, else .carryover/services.json, else the default). Start it with "npm run up", or name your own server in TEMPORAL_ADDRESS; see whether it wants TLS (TEMPORAL_TLS=true).`,
      EXIT.unreachable,
    );
  }
}

async function requireNamespace(config: Config, connection: Connection, patience: number): Promise<void> {
  const { namespace, address } = config.temporal;
  try {
    await connection.withDeadline(Date.now() + patience, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } catch (error) {
    const { code } = grpcError(error);
    if (code === GRPC.notFound) {
      throw new UserError(
        `Temporal at ${address} has no namespace "${namespace}"; correct TEMPORAL_NAMESPACE, or create it: temporal operator namespace create --namespace ${namespace}`,
        EXIT.refused,
      );
    }
    // A key that may start workflows need not be allowed to describe the namespace.
    if (code === GRPC.permissionDenied) return;
    throw new UserError(
      `Temporal at ${address} does not answer for the namespace "${namespace}"${code === undefined ? '' : ` (gRPC status ${code})`}; see whether the server is well.`,
      EXIT.unreachable,
    );
  }
}

/** The gRPC status of an error, or of the cause that Temporal's client has wrapped. */
export function grpcError(error: unknown): { code: number | undefined; details: string } {
  for (let link = error, depth = 0; link instanceof Error && depth < 5; link = link.cause, depth++) {
    const { code, details } = link as { code?: unknown; details?: unknown };
    if (typeof code === 'number') return { code, details: typeof details === 'string' ? details : '' };
  }
  return { code: undefined, details: '' };
}

/** True where a worker has polled the queue lately, for workflows and for activities. */
export async function hasWorker(
  { connection, namespace }: Temporal,
  taskQueue: string,
  deadline = Date.now() + CONNECT_MS,
): Promise<boolean> {
  const polled = await Promise.all(
    Object.values(QUEUE_TYPES).map(async (taskQueueType) => {
      const { pollers } = await connection.withDeadline(deadline, () =>
        connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType }),
      );
      return (pollers ?? []).some(
        ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < POLLED_WITHIN_MS,
      );
    }),
  );
  return polled.every(Boolean);
}

export type AttributeState = 'registered' | 'missing' | 'other type';

/** Whether the search attributes are registered, or undefined where the server does not tell. */
export async function searchAttributes({
  connection,
  namespace,
}: Temporal): Promise<Map<string, AttributeState> | undefined> {
  let registered: Readonly<Record<string, unknown>>;
  try {
    const answer = await connection.withDeadline(Date.now() + CONNECT_MS, () =>
      connection.operatorService.listSearchAttributes({ namespace }),
    );
    registered = answer.customAttributes ?? {};
  } catch {
    return undefined;
  }
  return new Map(
    Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [
      name,
      !(name in registered) ? 'missing' : registered[name] === VALUE_TYPES[type] ? 'registered' : 'other type',
    ]),
  );
}

/** The command that registers search attributes by hand. */
export function registerCommand(names: readonly string[], namespace: string): string {
  const types = { KEYWORD: 'Keyword', INT: 'Int' } as const;
  const flags = names.map((name) => {
    const type = SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES];
    return `--name ${name} --type ${types[type]}`;
  });
  return `temporal operator search-attribute create --namespace ${namespace} ${flags.join(' ')}`;
}

/** Registers search attributes; false where the server refuses (Temporal Cloud does it by its own tool). */
export async function registerSearchAttributes(
  { connection, namespace }: Temporal,
  names: readonly string[],
): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + CONNECT_MS, () =>
      connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(
          names.map((name) => [name, VALUE_TYPES[SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES]]]),
        ),
      }),
    );
    return true;
  } catch {
    return false;
  }
}

/** Address of a workflow in the UI, where the UI is known. */
export function workflowLink(config: Config, workflowId: string, runId: string): string | null {
  const { ui, namespace } = config.temporal;
  if (ui === undefined) return null;
  return `${ui.replace(/\/$/, '')}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}`;
}
