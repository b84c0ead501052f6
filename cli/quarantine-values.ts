import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { exportRows, showRow } from '../database/quarantine/values';
import type { Exported, WholeLine } from '../database/quarantine/values';
import { namedColumns } from '../mappings/mapping';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { openExportFile } from './export-file';
import { EXPORT_FORMATS, csvHeader, csvLine, jsonLine } from './export-lines';
import type { ExportFormat } from './export-lines';
import { identity } from './identity';
import { reasonCodes } from './input';
import { rows } from './numbers';
import { stateOf, stateOption } from './quarantine-list';
import { rowText } from './quarantine-text';
import { requireMigration } from './require-migration';
import { withTarget } from './targets';
import { printJson } from './terminal';
import { UserError } from './user-error';

const BY = ['--by <name>', 'your name, recorded as claimed beside user and host'] as const;

/** `carryover quarantine show`: one row with its values; that somebody looked is on record first. */
export function showCommand(quarantine: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  quarantine
    .command('show')
    .description('show one row with its values, as the source had them; who looked is recorded in the audit')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .argument('<key>', "the row's key, as `carryover quarantine list` has it")
    .option(...BY)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  carryover quarantine show case-states 4711 --by Anna')
    .action(async (given: string, key: string, { by, json }: { by?: string; json?: boolean }) => {
      const migration = requireMigration(context.catalog, given);
      const line = await withTarget(context.config(), (target) =>
        showRow(target, migration, key, { who: identity(), by }),
      );
      if (line === null) {
        throw new UserError(
          `The quarantine of ${migration} has no row with that key; \`carryover quarantine list ${migration} --state all\` has them all.`,
          EXIT.refused,
        );
      }
      if (json === true) printJson(context.terminal, { migration, ...line });
      else context.terminal.out(rowText(line));
      exit(EXIT.fine);
    });
}

interface ExportOptions {
  readonly reason?: readonly string[];
  readonly state: string;
  readonly format: ExportFormat;
  readonly output?: string;
  readonly force?: boolean;
  readonly by?: string;
  readonly json?: boolean;
}

/** `carryover quarantine export`: rows with their values, as a stream; that somebody took them is on record first. */
export function exportCommand(quarantine: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  quarantine
    .command('export')
    .description(
      'write rows with their values to a file, or to the standard output; who took them is recorded in the audit',
    )
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--reason <codes>', 'only rows that are there for these primary reasons, with commas', reasonCodes)
    .addOption(stateOption())
    .addOption(
      new Option('--format <format>', 'CSV, or one JSON object a line').choices(EXPORT_FORMATS).default('jsonl'),
    )
    .option('--output <file>', 'a new file, which nobody else may read')
    .option('--force', 'replace the file where it is there')
    .option(...BY)
    .option('--json', 'print one JSON document on what was written; needs --output')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover quarantine export case-states --reason code_unknown --format csv --output codes.csv --by Anna',
    )
    .action(async (given: string, options: ExportOptions) => {
      const migration = requireMigration(context.catalog, given);
      const { output, json, by } = options;
      if (json === true && output === undefined) {
        throw new UserError('Nothing was exported: --json tells of a file, which --output names.', EXIT.refused);
      }
      const file =
        output === undefined ? null : await openExportFile(resolve(context.cwd, output), options.force === true);
      const write =
        file === null ? (text: string) => Promise.resolve(context.terminal.out(text.replace(/\n$/, ''))) : file.write;
      const { begin, take } = writing(options.format, namedColumns(context.catalog.get(migration)), write);
      const selection = { migration, reasons: options.reason ?? null, state: stateOf(options.state) };
      let count: number;
      try {
        count = await withTarget(context.config(), (target) =>
          exportRows(target, selection, { who: identity(), by }, begin, take),
        );
        await file?.keep();
      } catch (error) {
        await file?.discard();
        throw error;
      }
      if (json === true) printJson(context.terminal, { migration, rows: count, output, format: options.format });
      else if (file === null) context.terminal.err(`${rows(count)} rows.`);
      else
        context.terminal.out(`${rows(count)} rows are in ${output!}, which nobody else may read: remove it after use.`);
      exit(EXIT.fine);
    });
}

/** @param named the mapping's columns, which come first */
function writing(
  format: ExportFormat,
  named: readonly string[],
  write: (text: string) => Promise<void>,
): { begin: (what: Exported) => Promise<void>; take: (lines: readonly WholeLine[]) => Promise<void> } {
  let columns: readonly string[] = [];
  const lineOf = (line: WholeLine): string => (format === 'csv' ? csvLine(line, columns) : jsonLine(line));
  return {
    begin: async (what) => {
      columns = [
        ...named.filter((column) => what.columns.includes(column)),
        ...what.columns.filter((column) => !named.includes(column)),
      ];
      if (format === 'csv') await write(`${csvHeader(columns)}\n`);
    },
    take: (lines) => write(`${lines.map(lineOf).join('\n')}\n`),
  };
}
