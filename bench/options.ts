/** What a bench is asked to do. */
import { Command, InvalidArgumentError } from 'commander';

const FULL_ROWS = 2_000_000;
const QUICK_ROWS = 200_000;
const ROUNDS = 3;

export interface Options {
  readonly rows: number;
  readonly rounds: number;
  readonly seed: number;
  /** Undefined where Carryover's own default is measured. */
  readonly batchRows: number | undefined;
  readonly concurrency: number | undefined;
  /** Name under `bench/results/` of a result that is meant to be committed. */
  readonly save: string | undefined;
}

const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value < least) {
      throw new InvalidArgumentError(`A whole number from ${least} on is needed.`);
    }
    return value;
  };

function resultName(text: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,80}$/i.test(text)) {
    throw new InvalidArgumentError('A file name of letters, digits, dots and dashes is needed.');
  }
  return text.replace(/\.json$/, '');
}

interface Flags {
  readonly quick?: true;
  readonly rows?: number;
  readonly rounds: number;
  readonly seed: number;
  readonly batchRows?: number;
  readonly concurrency?: number;
  readonly save?: string;
}

/** Reads the command line (without node and script); prints help and errors itself, and then ends the process. */
export function readOptions(args: readonly string[]): Options {
  const program = new Command('bench')
    .description('Carryover with everything on against two hand-written floors that end in the same state.')
    .option('--quick', `${QUICK_ROWS.toLocaleString('en-US')} rows instead of ${FULL_ROWS.toLocaleString('en-US')}`)
    .option('--rows <n>', 'rows of the source table', wholeNumber(20))
    .option('--rounds <n>', 'rounds; in each, all three run once', wholeNumber(1), ROUNDS)
    .option('--seed <s>', 'seed of the sample', wholeNumber(0), 1)
    .option('--batch-rows <n>', "rows per batch (default: Carryover's own)", wholeNumber(1))
    .option('--concurrency <n>', "batches in flight (default: Carryover's own)", wholeNumber(1))
    .option('--save <name>', 'keep the result as bench/results/<name>.json, which git does not ignore', resultName)
    .parse([...args], { from: 'user' });
  const flags = program.opts<Flags>();
  return {
    rows: flags.rows ?? (flags.quick === true ? QUICK_ROWS : FULL_ROWS),
    rounds: flags.rounds,
    seed: flags.seed,
    batchRows: flags.batchRows,
    concurrency: flags.concurrency,
    save: flags.save,
  };
}
