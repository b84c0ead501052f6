import type { Command } from 'commander';
import type { DecisionLine, Selection, StartLine } from '../database/ledger/read-audit';
import { readDecisions, readStarts } from '../database/ledger/read-audit';
import type { TargetQueries } from '../database/target/session';
import { listBatches } from '../shared/verb-requests';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { listLimit } from './input';
import { findRun, runName } from './named-run';
import { table } from './table';
import { withTarget } from './targets';
import { printJson } from './terminal';

interface Options {
  readonly starts?: boolean;
  readonly limit: number;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 50;

/** `carryover audit`: who decided what and why, or how each start ended. */
export function auditCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('audit')
    .description('list what people decided, from the ledger, the latest last; with --starts how each start ended')
    .argument('[run|migration]', 'of one run, or of all runs of a migration; everything without it')
    .option('--starts', 'list the starts: opened, resumed, took over, restarted, missed, refused, nothing to do')
    .option('--limit <n>', 'so many at most, the latest', listLimit, DEFAULT_LIMIT)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover audit\n  carryover audit 7 --json\n  carryover audit case-states --starts --limit 5',
    )
    .action(async (given: string | undefined, { starts, limit, json }: Options) => {
      const name = given === undefined ? null : runName(context.catalog, given);
      const config = context.config();
      const { terminal } = context;
      const read = <T>(list: (target: TargetQueries, asked: Selection) => Promise<T[]>): Promise<T[]> =>
        withTarget(config, async (target) => {
          // A number that was mistyped must not read as "nobody decided anything".
          if (name !== null && 'run' in name) await findRun(target, name);
          // One more than is shown: then it is known whether there are more.
          return list(target, { run: null, migration: null, ...name, limit: limit + 1 });
        });
      if (starts === true) {
        const lines = await read(readStarts);
        if (json === true) printJson(terminal, { starts: lines.slice(-limit) });
        else terminal.out(printStarts(lines, limit));
      } else {
        const lines = await read(readDecisions);
        if (json === true) printJson(terminal, { audit: lines.slice(-limit) });
        else terminal.out(printDecisions(lines, limit));
      }
      exit(EXIT.fine);
    });
}

const DECISIONS = ['at (UTC)', 'verb', 'migration', 'run', 'what', 'who', 'claims to be', 'why'];

export function printDecisions(lines: readonly DecisionLine[], limit: number): string {
  if (lines.length === 0) return 'No decision is recorded.';
  const cells = lines
    .slice(-limit)
    .map((line) => [
      line.at,
      line.verb,
      line.migration,
      line.run ?? '',
      what(line),
      line.who,
      line.claimedBy ?? '',
      line.reason ?? '',
    ]);
  return listing(DECISIONS, cells, lines.length > limit);
}

function what({ batches, details }: DecisionLine): string {
  return [
    ...(batches === null ? [] : [`batch ${listBatches(batches)}`]),
    ...Object.entries(details).map(([name, value]) => `${name} ${value}`),
  ].join(', ');
}

const STARTS = ['at (UTC)', 'migration', 'outcome', 'run', 'workflow', 'schedule', 'cause'];

export function printStarts(lines: readonly StartLine[], limit: number): string {
  if (lines.length === 0) return 'No start is recorded.';
  const cells = lines
    .slice(-limit)
    .map((line) => [
      line.at,
      line.migration,
      line.outcome.replaceAll('_', ' '),
      line.run ?? '',
      line.workflow,
      line.schedule ?? '',
      line.cause ?? '',
    ]);
  return listing(STARTS, cells, lines.length > limit);
}

function listing(titles: readonly string[], cells: readonly string[][], more: boolean): string {
  const columns = titles.map((title) => ({ title }));
  const lines = cells.map((line) => line.map((cell) => cell.replaceAll('\n', ' ')));
  return [...(more ? ['There are earlier ones; --limit <n> shows more.', ''] : []), table(columns, lines)].join('\n');
}
