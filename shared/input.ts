/** Checks the one JSON object that starts a run: all problems at once, in words that help whoever typed it. */
import { DEFAULT_MAX_DELETES, DEFAULT_MAX_PARKED, DEFAULT_MAX_QUARANTINE } from './brakes';
import { asNumber, checkNumber, optionalNumber, optionalText } from './fields';
import type { Range } from './fields';
import { readFields, readMigrationFields } from './input-object';
import type { Checked } from './input-object';
import type { AbandonInput, FullRunInput } from './messages';
import { readReasons } from './reasons';
import { checkWindow } from './run-window';

export const DEFAULT_BATCH_ROWS = 50_000;
export const DEFAULT_CONCURRENCY = 2;

/** Rows: fewer make the ledger the work, more make a retry dear. */
export const BATCH_ROWS = { low: 1, high: 1_000_000 };
/** Batches in flight: each takes a connection of either server. */
export const CONCURRENCY = { low: 1, high: 8 };

export const MAX_PARKED = { low: 0, high: 1_000 };
export const MAX_QUARANTINE = { low: 0, high: 1 };
export const MAX_DELETES = { low: 0, high: 1 };

const FIELDS = [
  'migration',
  'batchRows',
  'concurrency',
  'maxParked',
  'maxQuarantine',
  'takeOver',
  'acceptServer',
  'overwrite',
  'onChange',
  'window',
  'by',
];

export const EXAMPLE = '{"migration": "case-states"}';

const VERIFICATION = 'a verification; `carryover findings` names the latest';
const RUN = 'a run; `carryover status` lists them';

const REPAIR_FIELDS = [...FIELDS.filter((name) => name !== 'onChange'), 'verification'];
const RESYNC_FIELDS = [...FIELDS.filter((name) => name !== 'onChange'), 'maxDeletes'];
const UNDO_FIELDS = ['migration', 'run', 'reason', 'concurrency', 'maxParked', 'takeOver', 'acceptServer', 'by'];
const REPLAY_FIELDS = [
  ...FIELDS.filter((name) => name !== 'onChange' && name !== 'overwrite'),
  'reasons',
  'takeSkipped',
];

export interface CheckedInput extends Checked<FullRunInput> {
  /** Names of the fields that were given, as opposed to defaults. */
  readonly given: readonly string[];
}

/** @param known names of the migrations that can run */
export const checkMigrateInput = (given: unknown, known: readonly string[]): CheckedInput =>
  checkRunInput(given, known, FIELDS);

/** @param known names of the migrations that can run */
export const checkRepairInput = (given: unknown, known: readonly string[]): CheckedInput =>
  checkRunInput(given, known, REPAIR_FIELDS);

/** @param known names of the migrations that can run */
export const checkReplayInput = (given: unknown, known: readonly string[]): CheckedInput =>
  checkRunInput(given, known, REPLAY_FIELDS);

/** @param known names of the migrations that can run */
export const checkResyncInput = (given: unknown, known: readonly string[]): CheckedInput =>
  checkRunInput(given, known, RESYNC_FIELDS);

/** @param known names of the migrations that can run */
export const checkUndoInput = (given: unknown, known: readonly string[]): CheckedInput => {
  const checked = checkRunInput(given, known, UNDO_FIELDS);
  if (checked.input === null || checked.input.run !== undefined) return checked;
  return { input: null, given: [], problems: ['"run" is missing: the number of the run that is to be undone'] };
};

/** The check of each kind of run. */
export const CHECKS = {
  full: checkMigrateInput,
  changed: checkResyncInput,
  repair: checkRepairInput,
  replay: checkReplayInput,
  undo: checkUndoInput,
} as const;

function checkRunInput(given: unknown, known: readonly string[], names: readonly string[]): CheckedInput {
  const { fields, problems } = readMigrationFields(given, names, EXAMPLE, known);
  if (fields === null) return { input: null, given: [], problems };
  const reasons = readReasons(fields.reasons, problems);
  const whole = (name: string, fallback: number, range: Range): number =>
    checkNumber(name, fields[name], fallback, { ...range, whole: true }, problems);
  const input = {
    migration: fields.migration as string,
    batchRows: whole('batchRows', DEFAULT_BATCH_ROWS, BATCH_ROWS),
    concurrency: whole('concurrency', DEFAULT_CONCURRENCY, CONCURRENCY),
    maxParked: whole('maxParked', DEFAULT_MAX_PARKED, MAX_PARKED),
    maxQuarantine: checkNumber('maxQuarantine', fields.maxQuarantine, DEFAULT_MAX_QUARANTINE, MAX_QUARANTINE, problems),
    ...(names.includes('maxDeletes')
      ? { maxDeletes: checkNumber('maxDeletes', fields.maxDeletes, DEFAULT_MAX_DELETES, MAX_DELETES, problems) }
      : {}),
    onChange: checkOnChange(fields.onChange, problems),
    ...optionalNumber('verification', fields.verification, VERIFICATION, problems),
    ...(reasons && { reasons }),
    ...optionalText('takeSkipped', fields.takeSkipped, 'why skipped batches are taken back', problems),
    ...optionalNumber('run', fields.run, RUN, problems),
    ...optionalText('reason', fields.reason, 'why', problems),
    ...optionalText('takeOver', fields.takeOver, 'why the run is taken over', problems),
    ...optionalText('acceptServer', fields.acceptServer, 'why the other server is right', problems),
    ...optionalText('overwrite', fields.overwrite, "why another writer's changes are undone", problems),
    ...checkWindow(fields.window, problems),
    ...optionalText('by', fields.by, 'your name', problems),
  };
  if (input.reasons !== undefined && input.takeSkipped !== undefined) {
    problems.push('"reasons" and "takeSkipped" are two replays: rows of skipped batches have no reason yet');
  }
  if (input.takeSkipped !== undefined && fields.batchRows != null) {
    problems.push('"batchRows" has no say in a replay with "takeSkipped": its batches are those that were skipped');
  }
  if (problems.length > 0) return { input: null, given: [], problems };
  return { input, given: names.filter((name) => fields[name] !== undefined && fields[name] !== null), problems: [] };
}

/** Checks the one JSON object that starts `abandon`. */
export function checkAbandonInput(given: unknown): Checked<AbandonInput> {
  const example = '{"run": "7", "reason": "its table is gone"}';
  const { fields, problems } = readFields(given, ['run', 'reason', 'by'], example);
  if (fields === null) return { input: null, problems };
  const run = asNumber(fields.run);
  if (run === null) {
    problems.push(`"run" must be the number of the run, such as ${example}; \`carryover status\` lists them`);
  }
  if (fields.reason === undefined || fields.reason === null) problems.push('"reason" is missing');
  const texts = {
    ...optionalText('reason', fields.reason, 'why nobody goes on with the run', problems),
    ...optionalText('by', fields.by, 'your name', problems),
  };
  if (problems.length > 0 || texts.reason === undefined) return { input: null, problems };
  return { input: { run: run!, ...texts, reason: texts.reason }, problems: [] };
}

function checkOnChange(given: unknown, problems: string[]): 'refuse' | 'restart' {
  if (given === undefined || given === null || given === 'refuse') return 'refuse';
  if (given === 'restart') return 'restart';
  problems.push('"onChange" must be "refuse" or "restart"');
  return 'refuse';
}
