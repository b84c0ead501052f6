/** The last words of `carryover start --wait`: the report from the ledger, or what can be said without it. */
import type { Config } from '../config';
import { readLatestRuns } from '../database/ledger/read-status';
import { readStoredReport } from '../database/report/store';
import { toJson } from '../report/json';
import { toMarkdown } from '../report/markdown';
import type { Report } from '../report/model';
import type { Headline, NothingToDoResult, PausedResult } from '../shared/messages';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT, exitOfVerdict } from './exit-codes';
import type { FailureSummary } from './failure';
import type { Outcome } from './follow-run';
import { rows } from './numbers';
import type { Started } from './start-run';
import { withTarget } from './targets';
import { printJson } from './terminal';
import { UserError } from './user-error';

export async function finishWaiting(
  context: CommandContext,
  config: Config,
  started: Started,
  outcome: Outcome,
  json: boolean,
): Promise<ExitCode> {
  if (outcome.ended === 'interrupted') return sayInterrupted(context, started, json);
  if (outcome.ended === 'idle') return sayIdle(context, started, outcome.result, json);
  if (outcome.ended === 'missed') return sayMissed(context, started, outcome.cause, json);
  if (outcome.ended === 'paused') return sayPaused(context, started, outcome.result, json);
  if (outcome.ended === 'failed' && outcome.failure.type !== 'NotProven') {
    sayFailure(context, started, outcome.failure, json);
    return EXIT.refused;
  }
  const report = await findReport(
    context,
    config,
    started,
    outcome.ended === 'failed' ? outcome.run : outcome.result.run,
  );
  const { terminal } = context;
  if (json) {
    const verdict = outcome.ended === 'failed' ? 'not_proven' : outcome.result.verdict;
    const plain: unknown = report === null ? null : JSON.parse(toJson(report));
    printJson(terminal, { ...started, verdict, ...resultOf(outcome), report: plain });
  } else if (report !== null) {
    terminal.out(toMarkdown(report).trimEnd());
  } else if (outcome.ended === 'completed') {
    terminal.out(headlineText(started.migration, outcome.result));
  }
  if (outcome.ended === 'failed') {
    terminal.err(`${started.migration} ended not proven: ${outcome.failure.message}`);
    return EXIT.notProven;
  }
  return exitOfVerdict(outcome.result.verdict);
}

function resultOf(outcome: Outcome): object {
  return outcome.ended === 'completed'
    ? { result: outcome.result }
    : outcome.ended === 'failed'
      ? { failure: outcome.failure }
      : {};
}

function sayInterrupted({ terminal }: CommandContext, started: Started, json: boolean): ExitCode {
  if (json) printJson(terminal, { ...started, interrupted: true });
  terminal.err(
    `The run goes on without this command: workflow ${started.workflowId}. Watch it with \`carryover status\`${started.ui === null ? ' or in the Temporal UI' : ` or at ${started.ui}`}.`,
  );
  return EXIT.interrupted;
}

/** Nothing ran, although nothing failed: a schedule is not to be paused by it, and a person is not to take it for done. */
export function sayMissed({ terminal }: CommandContext, started: Started, cause: string, json: boolean): ExitCode {
  if (json) printJson(terminal, { ...started, outcome: 'missed', cause });
  terminal.err(`Nothing was run: this start of ${started.migration} was missed, since ${cause}`);
  return EXIT.refused;
}

/** Nothing was looked at: whoever waits for a proof is told how the migration stands, by others' word. */
export function sayIdle(
  { terminal }: CommandContext,
  started: Started,
  { outcome, cause, verdict }: NothingToDoResult,
  json: boolean,
): ExitCode {
  if (json) printJson(terminal, { ...started, outcome, cause, verdict });
  else {
    terminal.out(
      `Nothing to do: ${cause}; no run was opened. By its latest run or verification, ${started.migration} is ${verdict.replaceAll('_', ' ')}.`,
    );
  }
  return exitOfVerdict(verdict);
}

/** The run is open, and not proven: whoever waits for it must not take it for done. */
export function sayPaused(
  { terminal }: CommandContext,
  started: Started,
  { run, cause }: PausedResult,
  json: boolean,
): ExitCode {
  if (json) printJson(terminal, { ...started, outcome: 'paused', run, cause });
  terminal.err(`Run ${run} of ${started.migration} is open: ${cause}.`);
  return EXIT.refused;
}

export function sayFailure(
  { terminal }: CommandContext,
  started: Started,
  failure: FailureSummary,
  json: boolean,
): void {
  if (json) printJson(terminal, { ...started, failure });
  terminal.err(
    `${started.migration} failed${failure.type === undefined ? '' : ` (${failure.type})`}: ${failure.message}`,
  );
  if (started.ui !== null) terminal.err(`Its history is at ${started.ui}`);
}

/** The run is over whatever becomes of its report: what keeps it from being read is said, and no more. */
async function findReport(
  { terminal }: CommandContext,
  config: Config,
  started: Started,
  run: string | null,
): Promise<Report | null> {
  try {
    return await withTarget(config, async (target) => {
      const known = run ?? (await readLatestRuns(target)).find((latest) => latest.workflow === started.workflowId)?.run;
      return known === undefined ? null : readStoredReport(target, known);
    });
  } catch (error) {
    const why = error instanceof UserError ? error.message : 'the settings of the target are not complete';
    terminal.err(`The report cannot be read from the ledger: ${why}`);
    return null;
  }
}

/** A run's headline in one line, where there is no report to print. */
export function headlineText(migration: string, headline: Headline): string {
  return `${migration}: ${headline.verdict.replaceAll('_', ' ')}. ${rows(headline.source)} source rows = ${rows(headline.loaded)} loaded (${rows(headline.inserted)} inserted, ${rows(headline.updated)} updated, ${rows(headline.unchanged)} unchanged) + ${rows(headline.quarantined)} quarantined + ${rows(headline.excluded)} excluded + ${rows(headline.pending)} pending; ${rows(headline.findings)} findings.`;
}
