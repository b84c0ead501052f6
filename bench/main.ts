/** `npm run bench`: Carryover with everything on against two hand-written floors, interleaved, proven equal. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config';
import { readOptions } from './options';
import { describeResult } from './result';
import { runBench } from './run';

/** Beside package.json, also when this runs from dist/. */
const RESULTS = join(__dirname, '..', '..', 'bench', 'results');

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const reports = mkdtempSync(join(tmpdir(), 'carryover-bench-reports-'));
  process.once('exit', () => rmSync(reports, { recursive: true, force: true }));
  const config = loadConfig(process.env);
  const taskQueue = `bench-${randomBytes(4).toString('hex')}`;
  const result = await runBench(options, config, {
    path: process.env.PATH ?? '',
    taskQueue,
    workerEnvironment: {
      ...process.env,
      TEMPORAL_ADDRESS: config.temporal.address,
      CARRYOVER_TASK_QUEUE: taskQueue,
      CARRYOVER_REPORTS_DIR: reports,
    },
    say: (line) => console.log(line),
  });
  console.log(['', ...describeResult(result)].join('\n'));
  mkdirSync(RESULTS, { recursive: true });
  const name = options.save ?? `local-${result.at.replaceAll(/[:.]/g, '-')}`;
  const file = join(RESULTS, `${name}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`bench/results/${name}.json`);
}

for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
  // An exit of its own, so that what runs on behalf of this process is ended on the way out.
  process.once(signal, () => process.exit(code));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
