import { relative } from 'node:path';
import type { Command } from 'commander';
import type { TargetQueries } from '../database/target/session';
import { readLatestReport, readStoredReport } from '../database/report/store';
import { toJson } from '../report/json';
import { toMarkdown } from '../report/markdown';
import type { Report } from '../report/model';
import { writeReport } from '../report/write';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT, exitOfVerdict } from './exit-codes';
import { runId } from './input';
import { requireMigration } from './require-migration';
import { withTarget } from './targets';
import { UserError } from './user-error';

interface Options {
  readonly migration?: string;
  readonly json?: boolean;
  readonly write?: boolean;
}

/** `carryover report`: an earlier run's report, as the ledger keeps it. */
export function reportCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('report')
    .description("print a run's report from the ledger")
    .argument('[run]', 'number of the run; the latest with a report without it', runId)
    .option('--migration <name>', 'the latest run of this migration')
    .option('--json', 'print the report as JSON')
    .option('--write', 'also write it to the folder of reports')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover report\n  carryover report 7 --json\n  carryover report --migration case-states --write',
    )
    .action(async (run: string | undefined, options: Options) => {
      const migration = options.migration === undefined ? null : requireMigration(context.catalog, options.migration);
      const config = context.config();
      const report = await withTarget(config, (target) => readReport(target, run, migration));
      context.terminal.out(options.json === true ? toJson(report).trimEnd() : toMarkdown(report).trimEnd());
      if (options.write === true) {
        const written = await write(config.reportsDir, report);
        context.terminal.err(`Written to ${relative(context.cwd, written)}`);
      }
      exit(exitOfVerdict(report.verdict));
    });
}

/** @throws UserError where there is no such report */
async function readReport(target: TargetQueries, run: string | undefined, migration: string | null): Promise<Report> {
  const found = run === undefined ? await readLatestReport(target, migration) : await readStoredReport(target, run);
  if (found !== null && (migration === null || found.migration === migration)) return found;
  const which =
    run === undefined
      ? `no run${migration === null ? '' : ` of ${migration}`} with a report`
      : `no report of run ${run}${migration === null ? '' : ` of ${migration}`}: there is no such run, or it has not ended`;
  throw new UserError(`The ledger holds ${which}; \`carryover status\` lists the runs.`, EXIT.refused);
}

async function write(directory: string, report: Report): Promise<string> {
  try {
    return (await writeReport(directory, report)).markdown;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      `The report cannot be written to ${directory} (${code ?? 'no error code'}); correct CARRYOVER_REPORTS_DIR.`,
      EXIT.refused,
    );
  }
}
