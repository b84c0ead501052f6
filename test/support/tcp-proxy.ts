/** A way to a server that a test can close and open again: to whoever takes it, the server is away meanwhile. */
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { once } from 'node:events';

export interface TcpProxy {
  readonly port: number;
  /** Cuts what goes through, and listens no more. */
  close(): Promise<void>;
  /** Listens again, on the same port. */
  open(): Promise<void>;
}

/**
 * @param port where the server listens on 127.0.0.1
 * @param open whether the proxy listens from the beginning
 */
export async function startTcpProxy(port: number, open = true): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let server = await listen(0, port, sockets);
  const own = (server.address() as AddressInfo).port;
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  if (!open) await close();
  return {
    port: own,
    close,
    open: async () => {
      server = await listen(own, port, sockets);
    },
  };
}

async function listen(own: number, port: number, sockets: Set<Socket>): Promise<Server> {
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(own, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** The same URL by way of a proxy. */
export function through(url: string, proxy: TcpProxy): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy.port);
  return changed.href;
}

export const portOf = (url: string): number => Number(new URL(url).port);
