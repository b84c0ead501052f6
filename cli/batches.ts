import type { Command } from 'commander';
import { readBatches } from '../database/ledger/read-batches';
import type { BatchLine } from '../database/ledger/read-batches';
import { hasIntegerKey } from '../mappings/mapping';
import { BATCH_STATES } from '../shared/batch-states';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { limitOption } from './input';
import { RUN_ARGUMENT, requireRun } from './named-run';
import { rows } from './numbers';
import { table } from './table';
import { withTarget } from './targets';
import { printJson } from './terminal';
import { UserError } from './user-error';

interface Options {
  readonly state?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** `carryover batches`: a run's batches, and what became of each. */
export function batchesCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('batches')
    .description("list a run's batches: rows by outcome, attempts, step, cause")
    .argument('<run>', RUN_ARGUMENT)
    .option('--state <states>', `only these, separated by commas: ${BATCH_STATES.join(', ')}`)
    .option('--limit <n>', 'at most so many', limitOption, 100)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover batches case-states --state parked,skipped\n  carryover batches 7 --json',
    )
    .action(async (name: string, options: Options) => {
      const states = checkStates(options.state);
      const { run, found } = await withTarget(context.config(), async (target) => {
        const named = await requireRun(context, target, name);
        return { run: named, found: await readBatches(target, named.run, states, options.limit) };
      });
      // Keys that are no integers are row values, and are read by SQL alone.
      const known = context.catalog.names().includes(run.migration);
      const keys = known && hasIntegerKey(context.catalog.get(run.migration));
      if (options.json === true) {
        const batches = found.batches.map(({ afterKey, toKey, ...rest }) =>
          keys ? { ...rest, afterKey, toKey } : rest,
        );
        printJson(context.terminal, { run: run.run, migration: run.migration, total: found.total, batches });
      } else {
        context.terminal.out(listing(run, found, keys));
      }
      exit(EXIT.fine);
    });
}

function checkStates(given: string | undefined): string[] {
  if (given === undefined) return [];
  const states = given.split(',').map((state) => state.trim());
  const unknown = states.filter((state) => !(BATCH_STATES as readonly string[]).includes(state));
  if (unknown.length === 0) return states;
  throw new UserError(
    `There is no state ${unknown.map((state) => JSON.stringify(state)).join(', ')}; the states are ${BATCH_STATES.join(', ')}.`,
    EXIT.refused,
  );
}

function listing(
  run: { readonly run: string; readonly migration: string; readonly state: string },
  { batches, total }: { readonly batches: readonly BatchLine[]; readonly total: number },
  keys: boolean,
): string {
  const head = `${run.migration}: run ${run.run}, ${run.state}; ${rows(total)} ${total === 1 ? 'batch' : 'batches'}`;
  if (batches.length === 0) return head;
  const headings = [
    'batch',
    'state',
    'source',
    'inserted',
    'updated',
    'unchanged',
    'quarantined',
    'excluded',
    'pending',
    'attempts',
    'step',
  ];
  const lines = batches.map((each) => [
    String(each.batch),
    each.state,
    ...[each.source, each.inserted, each.updated, each.unchanged, each.quarantined, each.excluded, each.pending].map(
      rows,
    ),
    String(each.attempts),
    each.step ?? '',
    ...(keys
      ? [`${each.afterKey === null ? 'first' : `above ${each.afterKey.join(', ')}`} to ${each.toKey.join(', ')}`]
      : []),
  ]);
  const causes = batches.flatMap(({ batch, cause }) => (cause === null ? [] : [`batch ${batch}: ${cause}`]));
  const more = total > batches.length ? [`(${rows(total - batches.length)} more: --limit)`] : [];
  return [
    head,
    '',
    table(keys ? [...headings, 'keys'] : headings, lines),
    ...more,
    ...(causes.length > 0 ? ['', ...causes] : []),
  ].join('\n');
}
