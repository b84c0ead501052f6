/** What a worker looks at to say how it is, over connections of its own: one whose steps hold all others is still well. */
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { HttpAddress } from '../config';
import { readMetrics } from '../database/ledger/read-metrics';
import type { LedgerMetrics } from '../database/ledger/read-metrics';
import { openSource } from '../database/source/open-source';
import { reachSource } from '../database/source/reach';
import { openTarget } from '../database/target/open-target';
import { reachTarget } from '../database/target/reach';
import type { Catalog } from '../mappings/catalog';
import { PATIENCE_MS, oneAtATime, readHealth } from './health';
import type { Probes } from './health';
import { startHealthServer } from './health-server';
import { collectMetrics } from './metrics';

export interface Watch {
  readonly probes: Probes;
  readonly readLedger: () => Promise<LedgerMetrics>;
  readonly close: () => Promise<void>;
}

export function createWatch(
  { sourceUrl, targetUrl }: { readonly sourceUrl: string; readonly targetUrl: string },
  connection: NativeConnection,
): Watch {
  const source = openSource(sourceUrl, 1);
  // One for the question whether it answers, which must not wait for a reading of the ledger.
  const target = openTarget(targetUrl, 2);
  return {
    probes: {
      temporal: oneAtATime(() =>
        connection.withDeadline(Date.now() + PATIENCE_MS, () => connection.workflowService.getSystemInfo({})),
      ),
      source: oneAtATime(() => reachSource(source)),
      target: oneAtATime(() => reachTarget(target)),
    },
    readLedger: oneAtATime(() => readMetrics(target)),
    close: async () => {
      await Promise.allSettled([source.close(), target.end()]);
    },
  };
}

export interface EndpointParts {
  readonly watch: Watch;
  readonly worker: Worker;
  /** host:port where Temporal's SDK offers its metrics. */
  readonly metricsAddress: string;
  readonly catalog: Catalog;
}

/** @returns ends the endpoints */
export function startEndpoints(address: HttpAddress, parts: EndpointParts): Promise<() => Promise<void>> {
  const { watch, worker, metricsAddress, catalog } = parts;
  return startHealthServer(address, {
    health: () => readHealth(watch.probes, () => worker.getState() === 'RUNNING'),
    metrics: () =>
      collectMetrics({
        temporalAddress: metricsAddress,
        readLedger: watch.readLedger,
        source: watch.probes.source,
        migrations: catalog.names(),
      }),
  });
}
