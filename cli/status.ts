import type { Command } from 'commander';
import type { RunStatus } from '../database/ledger/read-status';
import { readLatestRuns, readRun } from '../database/ledger/read-status';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT, exitOfVerdict } from './exit-codes';
import { runId } from './input';
import { duration, rows } from './numbers';
import { withTarget } from './targets';
import { printJson } from './terminal';
import { UserError } from './user-error';

/** `carryover status`: what the ledger says of each migration's latest run, or of one run. */
export function statusCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('status')
    .description('say how the runs stand, from the ledger; needs neither Temporal nor a worker')
    .argument('[run]', "number of a run; each migration's latest without it", runId)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  carryover status\n  carryover status 7 --json')
    .action(async (run: string | undefined, options: { json?: boolean }) => {
      const runs = await withTarget(context.config(), async (target) => {
        if (run === undefined) return readLatestRuns(target);
        const found = await readRun(target, run);
        if (found !== undefined) return [found];
        throw new UserError(`The ledger holds no run ${run}; \`carryover status\` lists the latest.`, EXIT.refused);
      });
      const never = context.catalog.names().filter((name) => !runs.some(({ migration }) => migration === name));
      if (options.json === true) {
        printJson(context.terminal, run === undefined ? { runs, neverRun: never } : runs[0]);
      } else {
        const lines = runs.map(printRun);
        if (run === undefined) lines.push(...never.map((name) => `${name}: never run`));
        context.terminal.out(lines.join('\n\n'));
      }
      exit(exitOf(runs));
    });
}

/** A parked batch needs a person now; a verdict can be read tomorrow. */
function exitOf(runs: readonly RunStatus[]): ExitCode {
  if (runs.some((run) => run.state === 'open' && run.parked.length > 0)) return EXIT.refused;
  const codes = runs.map((run) => (run.verdict === null ? EXIT.fine : exitOfVerdict(run.verdict)));
  return codes.includes(EXIT.notProven) ? EXIT.notProven : EXIT.fine;
}

/** One run in a few lines. */
export function printRun(run: RunStatus): string {
  const { balance, written } = run;
  const state =
    run.state === 'open'
      ? `open for ${duration(run.age)}${run.parked.length > 0 ? ', waits for a person' : ''}`
      : (run.verdict ?? 'finished').replaceAll('_', ' ');
  const batches = Object.entries(run.batches).map(([name, count]) => `${count} ${name}`);
  return [
    `${run.migration}: run ${run.run}, ${state}`,
    `  balance   ${rows(balance.source)} source = ${rows(balance.loaded)} loaded + ${rows(balance.quarantined)} quarantined + ${rows(balance.excluded)} excluded + ${rows(balance.pending)} pending`,
    `  written   ${rows(written.inserted)} inserted, ${rows(written.updated)} updated, ${rows(written.unchanged)} unchanged`,
    `  batches   ${batches.length === 0 ? 'none cut yet' : batches.join(', ')}`,
    `  started   ${run.startedAt}${run.finishedAt === null ? '' : `, finished ${run.finishedAt}`}, workflow ${run.workflow}`,
    ...run.parked.map(({ batch, cause }) => `  parked    batch ${batch}: ${cause ?? 'no cause recorded'}`),
  ].join('\n');
}
