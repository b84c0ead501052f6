#!/usr/bin/env node
/** The worker process: reads the settings, and runs a worker until it is told to stop. */
import { ConfigError, loadConfig } from '../config';
import { runWorker } from './run-worker';

async function main(): Promise<void> {
  await runWorker({ config: loadConfig(process.env) });
}

main().catch((error: unknown) => {
  const message = error instanceof ConfigError ? error.message : `The worker stopped: ${(error as Error).message}`;
  process.stderr.write(`${message}\n`);
  // At once: what could not be closed in time must not keep the process.
  process.exit(1);
});
