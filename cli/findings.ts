import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { readFindings, readVerification } from '../database/ledger/read-verification';
import { FINDING_KINDS } from '../shared/findings';
import type { FindingKind } from '../shared/findings';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { listLimit } from './input';
import { rows } from './numbers';
import { requireMigration } from './require-migration';
import { withTarget } from './targets';
import { printJson } from './terminal';
import { UserError } from './user-error';
import { findingsText } from './verification-text';

interface Options {
  readonly kind?: readonly FindingKind[];
  readonly limit: number;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 50;
const KINDS = Object.keys(FINDING_KINDS) as FindingKind[];

/** `carryover findings`: the rows that the latest verification of a migration tells of. */
export function findingsCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('findings')
    .description('list what the latest verification of a migration found, row by row')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--kind <kinds>', `only these, with commas: ${KINDS.join(', ')}`, findingKinds)
    .option('--limit <n>', 'so many at most, in the order of their finding', listLimit, DEFAULT_LIMIT)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  carryover findings case-states --kind missing,changed --json')
    .action(async (given: string, options: Options) => {
      const migration = requireMigration(context.catalog, given);
      const { verification, findings } = await withTarget(context.config(), async (target) => {
        const latest = await readVerification(target, { migration });
        if (latest === null) {
          throw new UserError(`${migration} was never verified; \`carryover verify ${migration}\` does.`, EXIT.refused);
        }
        const kinds = options.kind ?? null;
        return {
          verification: latest,
          findings: await readFindings(target, latest.verification, kinds, options.limit),
        };
      });
      const wanted = verification.findings.filter(({ kind }) => options.kind?.includes(kind) ?? true);
      const total = wanted.reduce((sum, { rows: count }) => sum + count, 0);
      if (options.json === true) {
        const { verification: number, state, verdict } = verification;
        printJson(context.terminal, { migration, verification: number, state, verdict, total, findings });
      } else if (total === 0) {
        context.terminal.out(`Verification ${verification.verification} of ${migration} found nothing of that kind.`);
      } else {
        const more = total - findings.length;
        const rest = more > 0 ? `\n\nand ${rows(more)} more; --limit ${total} shows them all` : '';
        context.terminal.out(`${findingsText(findings)}${rest}`);
      }
      exit(EXIT.fine);
    });
}

function findingKinds(text: string): FindingKind[] {
  const kinds = text.split(',').map((word) => word.trim());
  const isKind = (word: string): word is FindingKind => word in FINDING_KINDS;
  if (kinds.every(isKind)) return kinds;
  const wrong = kinds.filter((word) => !isKind(word)).map((word) => JSON.stringify(word));
  throw new InvalidArgumentError(`There is no kind ${wrong.join(', ')}; the kinds are ${KINDS.join(', ')}.`);
}
