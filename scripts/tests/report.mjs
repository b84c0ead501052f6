import { writeFileSync } from 'node:fs';
import { say } from '../messages.mjs';

/** Prints what each part gave and, as the last line, the totals. Returns the exit code. */
export function report(outcomes) {
  for (const { name, passed, failed, skipped = 0, note, failures = [] } of outcomes) {
    const more = [skipped > 0 ? `${skipped} skipped` : '', note ?? ''].filter(Boolean).map((text) => `, ${text}`);
    say(`${failed > 0 ? 'FAILED' : 'ok    '} ${name}: ${passed} passed, ${failed} failed${more.join('')}`);
    for (const failure of failures) say(`         ${failure}`);
  }
  const total = (key) => outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
  const line = `${total('passed')} passed, ${total('failed')} failed`;
  // npm adds lines of its own after a failure: who needs the totals last takes them from here.
  if (process.env.CARRYOVER_TOTALS_FILE) writeFileSync(process.env.CARRYOVER_TOTALS_FILE, `${line}\n`);
  say(line);
  return total('failed') === 0 ? 0 : 1;
}
