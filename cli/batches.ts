import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { BatchLine, BatchList } from '../database/ledger/read-batches';
import { readBatches } from '../database/ledger/read-batches';
import { BATCH_STATES } from '../shared/batch-states';
import type { BatchState } from '../shared/batch-states';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { listLimit } from './input';
import { findRun, runName } from './named-run';
import { rows } from './numbers';
import { byCause } from './status-text';
import { table } from './table';
import { withTarget } from './targets';
import { printJson } from './terminal';

interface Options {
  readonly state?: readonly BatchState[];
  readonly limit: number;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 50;

/** `carryover batches`: the batches of a run, as the ledger holds them. */
export function batchesCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('batches')
    .description('list the batches of a run, from the ledger')
    .argument('<run|migration>', "a run by its number, or a migration's latest")
    .option('--state <states>', `only these, with commas: ${BATCH_STATES.join(', ')}`, batchStates)
    .option('--limit <n>', 'so many at most, lowest numbers first', listLimit, DEFAULT_LIMIT)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover batches case-states\n  carryover batches 7 --state parked,skipped --json',
    )
    .action(async (given: string, options: Options) => {
      const name = runName(context.catalog, given);
      const states = options.state ?? BATCH_STATES;
      const { run, list } = await withTarget(context.config(), async (target) => {
        const found = await findRun(target, name);
        return { run: found, list: await readBatches(target, found.run, states, options.limit) };
      });
      if (options.json === true) {
        printJson(context.terminal, {
          run: run.run,
          migration: run.migration,
          total: list.total,
          batches: list.batches,
        });
      } else {
        context.terminal.out(`${run.migration}: run ${run.run}, ${run.state}\n\n${printBatches(list, states)}`);
      }
      exit(EXIT.fine);
    });
}

function batchStates(text: string): BatchState[] {
  const states = text.split(',').map((word) => word.trim());
  const isState = (word: string): word is BatchState => (BATCH_STATES as readonly string[]).includes(word);
  if (states.every(isState)) return states;
  const wrong = states.filter((word) => !isState(word)).map((word) => JSON.stringify(word));
  throw new InvalidArgumentError(`There is no state ${wrong.join(', ')}; the states are ${BATCH_STATES.join(', ')}.`);
}

const COLUMNS = [
  { title: 'batch', right: true },
  { title: 'state' },
  { title: 'source', right: true },
  { title: 'inserted', right: true },
  { title: 'updated', right: true },
  { title: 'unchanged', right: true },
  { title: 'quarantined', right: true },
  { title: 'excluded', right: true },
  { title: 'pending', right: true },
  { title: 'step attempts', right: true },
  { title: 'last step' },
  { title: 'cut (UTC)' },
  { title: 'loaded' },
  { title: 'validated' },
  { title: 'keys' },
];

export function printBatches({ batches, total }: BatchList, states: readonly BatchState[]): string {
  if (total === 0)
    return states.length === BATCH_STATES.length ? 'No batch is cut yet.' : `No batch is ${states.join(' or ')}.`;
  const more = total - batches.length;
  const causes = byCause(batches.filter(({ cause }) => cause !== null)).flatMap((words) => ['', words]);
  return [
    table(COLUMNS, batches.map(toCells)),
    ...causes,
    ...(more > 0 ? ['', `and ${more} more; --limit ${total} shows them all`] : []),
  ].join('\n');
}

function toCells(line: BatchLine): string[] {
  const { source, inserted, updated, unchanged, quarantined, excluded, pending } = line.rows;
  // A dot for nothing: what is there stands out.
  const figure = (count: number): string => (count === 0 ? '·' : rows(count));
  return [
    String(line.batch),
    line.state,
    ...[source, inserted, updated, unchanged, quarantined, excluded, pending].map(figure),
    String(line.attempts),
    line.step ?? '',
    ...[line.plannedAt, line.loadedAt, line.validatedAt].map(shortTime),
    keysText(line),
  ];
}

function keysText({ keys, listed }: BatchLine): string {
  if (listed !== null) return `${rows(listed)} one by one`;
  if (keys === null) return '';
  return `${keys.after === null ? 'up' : `above ${keys.after.join('/')}`} to ${keys.to.join('/')}`;
}

/** `11-24 15:39:47`: the year is that of the run. */
const shortTime = (instant: string | null): string => (instant ?? '').slice(5, 19).replace('T', ' ');
