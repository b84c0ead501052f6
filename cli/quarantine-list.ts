import type { Command } from 'commander';
import { Option } from 'commander';
import { countQuarantine, listQuarantine } from '../database/quarantine/read';
import { QUARANTINE_STATES } from '../shared/quarantine-input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { listLimit, reasonCodes } from './input';
import { rows } from './numbers';
import { countsText, linesText } from './quarantine-text';
import { requireMigration } from './require-migration';
import { withTarget } from './targets';
import { printJson } from './terminal';

interface Options {
  readonly reason?: readonly string[];
  readonly state: string;
  readonly limit: number;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 50;

/** Adds `--state`, whose `all` asks for every one. */
export const stateOption = (): Option =>
  new Option('--state <state>', 'only rows in this state').choices([...QUARANTINE_STATES, 'all']).default('open');

export const stateOf = (state: string): string | null => (state === 'all' ? null : state);

/** `carryover quarantine list`: the rows, without a value of any. */
export function listCommand(quarantine: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  quarantine
    .command('list')
    .description('list rows in quarantine by their keys, with reasons and history, and count them; shows no values')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--reason <codes>', 'only rows that are there for these primary reasons, with commas', reasonCodes)
    .addOption(stateOption())
    .option('--limit <n>', 'so many at most, in the order of their keys', listLimit, DEFAULT_LIMIT)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover quarantine list case-states\n' +
        '  carryover quarantine list case-states --reason code_unknown --state all --json',
    )
    .action(async (given: string, { reason, state, limit, json }: Options) => {
      const migration = requireMigration(context.catalog, given);
      const selection = { migration, reasons: reason ?? null, state: stateOf(state) };
      const { counts, lines } = await withTarget(context.config(), async (target) => ({
        counts: await countQuarantine(target, migration),
        lines: await listQuarantine(target, selection, limit),
      }));
      const wanted = counts.filter(
        (count) => (reason?.includes(count.reason) ?? true) && (selection.state ?? count.state) === count.state,
      );
      const total = wanted.reduce((sum, count) => sum + count.rows, 0);
      if (json === true) {
        printJson(context.terminal, { migration, total, counts, rows: lines });
      } else if (counts.length === 0) {
        context.terminal.out(`Nothing of ${migration} is in quarantine, or ever was.`);
      } else {
        const more = total - lines.length;
        const rest = more > 0 ? `\n\nand ${rows(more)} more; --limit ${total} shows them all` : '';
        const listed = lines.length === 0 ? 'No row is of that kind.' : `${linesText(lines)}${rest}`;
        context.terminal.out(`${listed}\n\nAll of ${migration}:\n${countsText(counts)}`);
      }
      exit(EXIT.fine);
    });
}
