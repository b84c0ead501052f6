import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { RunStatus } from '../database/ledger/read-status';
import { readLatestRuns, readVainStarts } from '../database/ledger/read-status';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT, exitOfVerdict } from './exit-codes';
import type { RunName } from './named-run';
import { findRun, runName } from './named-run';
import { askOwners } from './owners';
import { attention, printNever, printRun, runLine, vainLines } from './status-text';
import type { Standing } from './status-text';
import { withTarget } from './targets';
import { printJson } from './terminal';
import type { Look } from './watch';
import { watch } from './watch';

interface Options {
  readonly watch?: number | true;
  readonly json?: boolean;
}

const WATCH_EVERY_S = 5;

/** `carryover status`: what the ledger says of each migration's latest run, or of one run, and Temporal of its owner. */
export function statusCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('status')
    .description('say how the runs stand, from the ledger; needs no worker, and does without Temporal')
    .argument('[run|migration]', "a run by its number, or a migration's latest; each migration's latest without it")
    .option(
      '--watch [seconds]',
      `look again every few seconds (${WATCH_EVERY_S}); a named run until it is over`,
      seconds,
    )
    .option('--json', 'print one JSON document; with --watch one to a line, when something changes')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover status\n  carryover status case-states --watch\n  carryover status 7 --json' +
        '\n\nExit codes of status: 0 fine; 1 needs attention: batches are parked, a run is paused, its owner is gone, no worker' +
        '\nis there, a scheduled start was missed; 2 the latest run ended not proven, or was abandoned.',
    )
    .action(async (given: string | undefined, options: Options) => {
      const name = given === undefined ? undefined : runName(context.catalog, given);
      const look = looker(context, name);
      if (options.watch !== undefined) {
        const every = options.watch === true ? WATCH_EVERY_S : options.watch;
        exit(await watch(context.terminal, look, every, options.json === true));
        return;
      }
      const seen = await look();
      if (options.json === true) printJson(context.terminal, seen.document);
      else context.terminal.out(seen.text);
      exit(seen.code);
    });
}

function seconds(text: string): number {
  const given = Number(text);
  if (/^\d{1,4}(\.\d)?$/.test(text) && given >= 0.5 && given <= 3_600) return given;
  throw new InvalidArgumentError('Seconds between two looks, from 0.5 to 3600; name the run before --watch.');
}

/** Looks at the runs, as often as it is called; a migration's run that was seen first stays the one that is meant. */
function looker(context: CommandContext, given: RunName | undefined): () => Promise<Look> {
  let name = given;
  return async () => {
    const config = context.config();
    const { runs, never } = await withTarget(config, async (target) => {
      if (name !== undefined) return { runs: [await findRun(target, name)], never: [] };
      const latest = await readLatestRuns(target);
      const without = context.catalog.names().filter((known) => !latest.some((run) => run.migration === known));
      const starts = await readVainStarts(target, without);
      return {
        runs: latest,
        never: without.map((migration) => ({
          migration,
          attention: vainLines(starts.get(migration) ?? []),
        })),
      };
    });
    if (name !== undefined) name = { run: runs[0]!.run };
    const owners = await askOwners(config, runs);
    const standings = runs.map((run) => ({ run, owner: owners.get(run.run) }));
    const documents = standings.map(toDocument);
    return {
      text: [...standings.map(printRun), ...never.map(printNever)].join('\n\n'),
      lines: standings.map(runLine),
      document:
        name === undefined
          ? {
              runs: documents,
              neverRun: never.map(({ migration }) => migration),
              attention: never.flatMap((one) => one.attention),
            }
          : documents[0]!,
      code: never.some((one) => one.attention.length > 0) ? EXIT.refused : exitOf(standings),
      over: name !== undefined && runs.every((run) => run.state !== 'open'),
    };
  };
}

/** The ledger's word of a run, with what Temporal says of its owner, and why it needs a person. */
function toDocument(standing: Standing): object {
  const { owner, ...run } = standing.run;
  return {
    ...run,
    owner: standing.owner === undefined ? owner : { ...owner, ...standing.owner },
    attention: attention(standing),
  };
}

/** What needs a person now comes before a verdict, which can be read tomorrow. */
function exitOf(standings: readonly Standing[]): ExitCode {
  if (standings.some((standing) => attention(standing).length > 0)) return EXIT.refused;
  return standings.some(({ run }) => isUnproven(run)) ? EXIT.notProven : EXIT.fine;
}

/** The latest word counts: a verification that came after the end of the run knows more than that. */
function isUnproven(run: RunStatus): boolean {
  const later = run.verified?.own === false ? run.verified.verdict : null;
  const verdict = later ?? run.verdict;
  if (verdict === null) return run.state === 'abandoned';
  return exitOfVerdict(verdict) === EXIT.notProven;
}
