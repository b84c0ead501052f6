import type { Command } from 'commander';
import { readAudit, readStarts } from '../database/ledger/read-audit';
import type { AuditLine, StartLine } from '../database/ledger/read-audit';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { limitOption } from './input';
import { requireMigration } from './require-migration';
import { table } from './table';
import { withTarget } from './targets';
import { printJson } from './terminal';

interface Options {
  readonly starts?: boolean;
  readonly limit: number;
  readonly json?: boolean;
}

/** `carryover audit`: who decided what, when and why; with --starts how each start ended. */
export function auditCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('audit')
    .description('list what people decided: when, who, what, why; the latest last')
    .argument('[run]', 'number of a run, or name of a migration; everything without it')
    .option('--starts', 'list how starts ended instead')
    .option('--limit <n>', 'at most so many, the latest', limitOption, 50)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover audit case-states\n  carryover audit 7 --json\n  carryover audit --starts',
    )
    .action(async (name: string | undefined, options: Options) => {
      const isRun = name !== undefined && /^\d{1,18}$/.test(name);
      const whose = {
        run: isRun ? name : null,
        migration: name === undefined || isRun ? null : requireMigration(context.catalog, name),
      };
      const { terminal } = context;
      await withTarget(context.config(), async (target) => {
        if (options.starts === true) {
          const starts = await readStarts(target, whose, options.limit);
          if (options.json === true) printJson(terminal, { starts });
          else terminal.out(starts.length === 0 ? 'No start is on record.' : listStarts(starts));
          return;
        }
        const audit = await readAudit(target, whose, options.limit);
        if (options.json === true) printJson(terminal, { audit });
        else terminal.out(audit.length === 0 ? 'No decision is on record.' : listAudit(audit));
      });
      exit(EXIT.fine);
    });
}

function listAudit(lines: readonly AuditLine[]): string {
  const headings = ['when', 'verb', 'migration', 'run', 'batches', 'who', 'claimed by', 'why'];
  return table(
    headings,
    lines.map((line) => [
      line.at,
      [line.verb, ...Object.entries(line.details).map(([name, value]) => `${name}=${String(value)}`)].join(' '),
      line.migration,
      line.run ?? '',
      line.batches.length === 0 ? '' : line.batches.join(' '),
      line.who,
      line.claimedBy ?? '',
      line.reason ?? '',
    ]),
  );
}

function listStarts(lines: readonly StartLine[]): string {
  return table(
    ['when', 'migration', 'outcome', 'run', 'workflow', 'schedule', 'cause'],
    lines.map((line) => [
      line.at,
      line.migration,
      line.outcome.replaceAll('_', ' '),
      line.run ?? '',
      line.workflow,
      line.schedule ?? '',
      line.cause ?? '',
    ]),
  );
}
