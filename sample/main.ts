/** `node dist/sample/main.js create`: the sample databases from the command line. */
import { Command, InvalidArgumentError } from 'commander';
import { createSample } from './create';
import { causeOf, SampleError } from './errors';
import { DEFAULT_ROWS } from './figures';

const MOST_ROWS = 50_000_000;

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`A whole number from ${least} to ${most} is needed.`);
    }
    return value;
  };

const program = new Command('sample').description('The sample databases: a legacy clinic and its successor.');

program
  .command('create')
  .description(
    'makes the sample in the databases that CARRYOVER_SOURCE_URL (mysql://) and CARRYOVER_TARGET_URL (postgres://) name',
  )
  .option('--rows <n>', 'rows of dispatch_state; all else in proportion', wholeNumber(1, MOST_ROWS), DEFAULT_ROWS)
  .option('--seed <s>', 'another seed makes other data with the same figures', wholeNumber(0, 2_147_483_647), 1)
  .option('--dirty', 'add rows that cannot be loaded, at least one for every reason', false)
  .addHelpText(
    'after',
    `
With SAMPLE_READER_PASSWORD and SAMPLE_WORKER_PASSWORD set, the limited logins carryover_reader (source, SELECT only)
and carryover_worker (target) are made as well. A database that holds other tables is refused.

Examples:
  sample create                      4,751 rows, the size of the run that the sample imitates
  sample create --rows 500 --dirty   a small one with rows for every reason
  sample create --rows 2000000       a large one`,
  )
  .action(async (options: { rows: number; seed: number; dirty: boolean }) => {
    const { env } = process;
    const made = await createSample({
      ...options,
      sourceUrl: env.CARRYOVER_SOURCE_URL ?? '',
      targetUrl: env.CARRYOVER_TARGET_URL ?? '',
      readerPassword: env.SAMPLE_READER_PASSWORD,
      workerPassword: env.SAMPLE_WORKER_PASSWORD,
    });
    const number = (value: number): string => value.toLocaleString('en-US');
    const dirty = made.dirtyRows > 0 ? ` and ${made.dirtyRows} dirty ones` : '';
    console.log(
      `Sample made in ${made.seconds.toFixed(1)} s: dispatch_state ${number(made.rows)} rows${dirty}, ` +
        `message ${number(made.messages)}, orders ${number(made.orders)}, profiles ${number(made.profiles)}.`,
    );
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof SampleError ? error.message : `The sample could not be made: ${causeOf(error)}.`);
  process.exitCode = 1;
});
