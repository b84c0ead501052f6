/** One scrape: Temporal's metrics of this process, and what the ledger tells. A part that is away is left out. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { LedgerMetrics } from '../database/ledger/read-metrics';
import { version } from '../package.json';
import { answers, within } from './health';
import { renderMetrics } from './metrics-text';

/** Milliseconds that the parts of a scrape may take: a scrape itself has ten seconds by default. */
const PATIENCE_MS = 5_000;

export interface MetricsParts {
  /** host:port where Temporal's SDK offers its own metrics. */
  readonly temporalAddress: string;
  readonly readLedger: () => Promise<LedgerMetrics>;
  readonly source: () => Promise<unknown>;
  readonly migrations: readonly string[];
}

export async function collectMetrics(parts: MetricsParts): Promise<string> {
  const [temporal, ledger, sourceUp] = await Promise.all([
    temporalMetrics(parts.temporalAddress).catch(() => ''),
    within(PATIENCE_MS, parts.readLedger()).catch(() => undefined),
    answers(parts.source),
  ]);
  return renderMetrics({ version, node: process.version, sourceUp, ledger, migrations: parts.migrations }) + temporal;
}

async function temporalMetrics(address: string): Promise<string> {
  const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  return response.text();
}

/**
 * An address on the loopback for the metrics of Temporal's SDK, which writes them itself and cannot say which port it
 * took: so a port is looked for that is free now.
 */
export async function freeLoopbackAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return `127.0.0.1:${port}`;
}
