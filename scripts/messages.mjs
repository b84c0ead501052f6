/** A failure that a person can do something about: its message is all that is shown. */
export class Failure extends Error {}

// A reader that has gone (`| head`) is no reason to stop before everything is put away.
process.stdout.on('error', () => undefined);

/** One line for the person at the terminal. */
export function say(line) {
  console.log(line);
}

/** Runs an entry and turns its outcome into the exit code; only a bug shows a stack. */
export async function runMain(main) {
  let code = 1;
  try {
    code = (await main()) ?? 0;
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
  }
  // Done is done, whatever a library still holds open; once all is printed.
  process.stdout.write('', () => process.exit(process.exitCode || code));
}
