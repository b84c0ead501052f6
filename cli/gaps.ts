import type { Command } from 'commander';
import { requireUrls } from '../config';
import { findGaps } from '../database/gaps/find-gaps';
import { connectionProblem } from '../database/preflight/connection-problem';
import { describeUrl } from '../database/preflight/describe-url';
import { openSource } from '../database/source/open-source';
import { CarryoverError } from '../shared/errors';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { gapsText, wordsOf } from './gaps-text';
import { withTarget } from './targets';
import { printJson } from './terminal';
import { UserError } from './user-error';

/** `carryover gaps`: rows of the source that nobody has brought over, found before anyone misses them. */
export function gapsCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('gaps')
    .description('list source tables with rows that nobody mapped, and mappings whose target is empty or lags')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nTables of the imported baseline count as mapped, by the "sourceTables" of its lines; views, and tables named' +
        ' carryover_…, are left out.\n\nExamples:\n  carryover gaps\n  carryover gaps --json' +
        '\n\nExit codes of gaps: 0 nothing was found; 2 something was.',
    )
    .action(async (options: { json?: boolean }) => {
      const config = context.config();
      const { sourceUrl } = requireUrls(config);
      const source = openSource(sourceUrl);
      try {
        const mappings = context.catalog.names().map((name) => context.catalog.get(name));
        const found = await withTarget(config, (target) => findGaps({ source, target }, mappings));
        if (options.json === true) {
          const gaps = found.gaps.map((gap) => ({ ...gap, ...wordsOf(gap) }));
          printJson(context.terminal, { ...found, gaps });
        } else context.terminal.out(gapsText(found));
        exit(found.gaps.length === 0 ? EXIT.fine : EXIT.notProven);
      } catch (error) {
        if (!(error instanceof CarryoverError) || error.type !== 'SourceUnavailable') throw error;
        throw new UserError(connectionProblem('source', describeUrl(sourceUrl), error), EXIT.unreachable);
      } finally {
        await source.close();
      }
    });
}
