/** The worker's own HTTP address: /healthz for supervisors, /metrics for Prometheus. Off unless an address is set. */
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { ConfigError } from '../config';
import type { HttpAddress } from '../config';
import { isHealthy } from './health';
import type { Health } from './health';

export interface Endpoints {
  readonly health: () => Promise<Health>;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * @returns ends it, whoever is still connected
 * @throws ConfigError where the address cannot be taken
 */
export async function startHealthServer(address: HttpAddress, endpoints: Endpoints): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://worker');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, 405, JSON_TYPE, '{"error":"only GET"}\n');
    } else if (pathname === '/healthz') {
      answer(response, async () => {
        const health = await endpoints.health();
        send(response, isHealthy(health) ? 200 : 503, JSON_TYPE, `${JSON.stringify(health)}\n`);
      });
    } else if (pathname === '/metrics') {
      answer(response, async () => send(response, 200, METRICS_TYPE, await endpoints.metrics()));
    } else {
      send(response, 404, JSON_TYPE, '{"error":"there are /healthz and /metrics"}\n');
    }
  });
  await listen(server, address);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

/** Whatever goes wrong is the answer's fault alone: the worker goes on, and no word of the error leaves it. */
function answer(response: ServerResponse, respond: () => Promise<void>): void {
  respond().catch(() => send(response, 500, JSON_TYPE, '{"error":"a defect of the worker"}\n'));
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

function listen(server: Server, { host, port }: HttpAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const found = `CARRYOVER_HTTP_ADDRESS: the address ${host}:${port} cannot be taken (${error.code ?? 'unknown'})`;
      reject(new ConfigError([`${found}; choose a free port on an address of this machine, or leave it unset`]));
    });
    server.listen(port, host, () => resolve());
  });
}
