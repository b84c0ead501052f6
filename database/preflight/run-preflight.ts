/**
 * Looks at both servers before a run starts and says everything that is wrong at once. It writes nothing and works
 * with a source user that may only SELECT and with the worker's limited role on the target.
 */
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import type { Point } from '../points';
import type { TargetQueries } from '../target/session';
import type { Check, CheckOutcome } from './check';
import { MAPPING_CHECKS, SERVER_CHECKS } from './checks';
import { errorCode } from './connection-problem';
import type { Side } from './connection-problem';
import type { Context, PreflightInput } from './context';
import { createContext } from './context';
import { PATIENCE_S, isSilence, within } from './within';

type Question = Parameters<TargetQueries['query']>;

export interface PreflightResult {
  /** What keeps the migration from starting. */
  readonly problems: string[];
  /** What is worth a person's look. */
  readonly warnings: string[];
  readonly checks: readonly CheckOutcome[];
  /** The first connection that was lost or did not come up: then the problems say nothing that must last. */
  readonly lost?: CarryoverError;
}

/** The whole preflight of one mapping. */
export async function runPreflight(input: PreflightInput & { readonly mapping: Mapping }): Promise<PreflightResult> {
  const { watched, lost } = watchConnections(input);
  const checks = await runChecks([...SERVER_CHECKS, ...MAPPING_CHECKS], createContext(watched, input.mapping), []);
  return { ...summarize(checks), lost: lost() };
}

/** The first question to each side: a silent server is found by it. */
const isFirst = (point: Point): boolean => /^preflight\.(source|target)Reachable$/.test(point);

/** @throws CarryoverError where the server stays silent: to be waited for, as one that refuses connections */
async function answered<T>(side: Side, answer: Promise<T>): Promise<T> {
  try {
    return await within(answer);
  } catch (error) {
    if (!isSilence(error)) throw error;
    const type = side === 'source' ? 'SourceUnavailable' : 'TargetUnavailable';
    throw new CarryoverError(type, `the ${side} did not answer within ${PATIENCE_S} s`, 'ETIMEDOUT');
  }
}

/** Notes what the checks swallow: that a server was away, which is no fault of the mapping. */
function watchConnections(input: PreflightInput): { watched: PreflightInput; lost: () => CarryoverError | undefined } {
  let first: CarryoverError | undefined;
  const noting = async <T>(side: Side, point: Point, answer: Promise<T>): Promise<T> => {
    try {
      return await (isFirst(point) ? answered(side, answer) : answer);
    } catch (error) {
      const isLost = error instanceof CarryoverError && error.retry === 'always';
      if (isLost) first ??= error;
      throw error;
    }
  };
  const watched: PreflightInput = {
    ...input,
    source: { query: (...question) => noting('source', question[0], input.source.query(...question)) },
    target: {
      query: <R extends object>(...question: Question) =>
        noting('target', question[0], input.target.query<R>(...question)),
    },
  };
  return { watched, lost: () => first };
}

/** The preflight of several mappings: what is asked of the servers is asked once. */
export async function runPreflights(
  input: PreflightInput,
  mappings: readonly [Mapping, ...Mapping[]],
): Promise<{ servers: PreflightResult; migrations: { migration: string; result: PreflightResult }[] }> {
  const servers = await runChecks(SERVER_CHECKS, createContext(input, mappings[0]), []);
  const migrations: { migration: string; result: PreflightResult }[] = [];
  for (const mapping of mappings) {
    const outcomes = await runChecks(MAPPING_CHECKS, createContext(input, mapping), servers);
    migrations.push({ migration: mapping.name, result: summarize(outcomes) });
  }
  return { servers: summarize(servers), migrations };
}

/** @param before outcomes that `needs` may name besides those of `checks` */
async function runChecks(
  checks: readonly Check[],
  context: Context,
  before: readonly CheckOutcome[],
): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  for (const check of checks) {
    const failed = check.needs.find((need) =>
      [...before, ...outcomes].some((outcome) => outcome.name === need && isUnmet(outcome)),
    );
    outcomes.push(
      failed === undefined
        ? await runOne(check, context)
        : { name: check.name, status: 'skipped', sentences: [`Not looked at, since "${failed}" failed.`] },
    );
  }
  return outcomes;
}

const isUnmet = (outcome: CheckOutcome): boolean => outcome.status === 'problem' || outcome.status === 'skipped';

async function runOne(check: Check, context: Context): Promise<CheckOutcome> {
  try {
    const sentences = await check.run(context);
    return { name: check.name, status: sentences.length === 0 ? 'ok' : check.severity, sentences };
  } catch (error) {
    // A check that could not look is a problem whatever its severity; the others still have their say.
    const sentence = `The check "${check.name}" could not be carried out (${errorCode(error) ?? (error instanceof Error ? error.name : 'no error code')}); look at the server's own log, and run \`carryover check\` again.`;
    return { name: check.name, status: 'problem', sentences: [sentence] };
  }
}

function summarize(checks: readonly CheckOutcome[]): PreflightResult {
  const sentencesOf = (status: CheckOutcome['status']): string[] =>
    checks.filter((check) => check.status === status).flatMap((check) => check.sentences);
  const skipped = checks.filter((check) => check.status === 'skipped').map((check) => check.name);
  const problems = sentencesOf('problem');
  return {
    problems:
      problems.length === 0 || skipped.length === 0
        ? problems
        : [...problems, `Not looked at because of that: ${skipped.join(', ')}.`],
    warnings: sentencesOf('warning'),
    checks,
  };
}
