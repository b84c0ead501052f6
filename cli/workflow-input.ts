/** What the options of a command say, as the one JSON object that its workflow is started with. */
import { listProblems } from '../shared/errors';
import {
  checkMigrateInput,
  checkRepairInput,
  checkReplayInput,
  checkResyncInput,
  checkUndoInput,
} from '../shared/input';
import type { Checked } from '../shared/input-object';
import { EXIT } from './exit-codes';
import { UserError } from './user-error';
import type { WindowOptions } from './window-option';
import { windowField } from './window-option';

/** An option that was not given is no field. */
export const givenFields = (fields: object): object => JSON.parse(JSON.stringify(fields)) as object;

/**
 * Checks it as its workflow will: whoever mistypes an option is told at once, and of all that is wrong.
 *
 * @param nothing `Nothing was verified:`, as the refusal begins
 * @param others problems of options that are no fields
 */
export function workflowInput(
  fields: object,
  check: (given: unknown) => Checked<unknown>,
  nothing: string,
  others: readonly string[] = [],
): object {
  const given = givenFields(fields);
  const problems = [...check(given).problems, ...others];
  if (problems.length > 0) throw new UserError(listProblems(nothing, problems), EXIT.refused);
  return given;
}

/** Options of every command that starts a run; all others are fields of its input under the same name. */
export interface RunOptions extends WindowOptions {
  readonly workflowId?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const NO_FIELDS = ['workflowId', 'wait', 'json', 'until', 'zone'];

const RUNS = {
  migrate: { check: checkMigrateInput, nothing: 'Nothing was started:' },
  resync: { check: checkResyncInput, nothing: 'Nothing was started:' },
  repair: { check: checkRepairInput, nothing: 'Nothing was repaired:' },
  replay: { check: checkReplayInput, nothing: 'Nothing was replayed:' },
  undo: { check: checkUndoInput, nothing: 'Nothing was undone:' },
} as const;

export type RunType = keyof typeof RUNS;

/**
 * @param named fields that are arguments of the command, or options of another name
 * @param known names of the migrations that there are
 */
export function runInput(type: RunType, named: object, options: RunOptions, known: readonly string[]): object {
  const { check, nothing } = RUNS[type];
  const fields = Object.fromEntries(Object.entries(options).filter(([name]) => !NO_FIELDS.includes(name)));
  return workflowInput(
    { ...named, ...fields, ...windowField(options) },
    (given) => check(given, known),
    nothing,
    options.workflowId === '' ? ['--workflow-id must not be empty'] : [],
  );
}
