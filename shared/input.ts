/** Checks the one JSON object that starts a run: all problems at once, in words that help whoever typed it. */
import { DEFAULT_MAX_DELETES, DEFAULT_MAX_PARKED, DEFAULT_MAX_QUARANTINE } from './brakes';
import { asNumber, checkNumber, optionalText } from './fields';
import type { Range } from './fields';
import type { AbandonInput, FullRunInput } from './messages';
import { REASONS } from './reasons';
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

const REPAIR_FIELDS = [...FIELDS.filter((name) => name !== 'onChange'), 'verification'];
const RESYNC_FIELDS = [...FIELDS.filter((name) => name !== 'onChange'), 'maxDeletes'];
const UNDO_FIELDS = ['migration', 'run', 'reason', 'concurrency', 'maxParked', 'takeOver', 'acceptServer', 'by'];
const REPLAY_FIELDS = [
  ...FIELDS.filter((name) => name !== 'onChange' && name !== 'overwrite'),
  'reasons',
  'takeSkipped',
];

export interface CheckedInput {
  readonly input: FullRunInput | null;
  /** Names of the fields that were given, as opposed to defaults. */
  readonly given: readonly string[];
  readonly problems: readonly string[];
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
  const list = known.join(', ');
  if (given === undefined || given === null) {
    return {
      input: null,
      given: [],
      problems: [`no input was given; it is one JSON object, such as ${EXAMPLE}; known migrations: ${list}`],
    };
  }
  if (typeof given !== 'object' || Array.isArray(given)) {
    const found = Array.isArray(given) ? 'a list' : `a ${typeof given}`;
    return {
      input: null,
      given: [],
      problems: [`the input is ${found}; it must be one JSON object, such as ${EXAMPLE}; known migrations: ${list}`],
    };
  }
  const fields = given as Record<string, unknown>;
  const problems: string[] = [];
  for (const name of Object.keys(fields)) {
    if (!names.includes(name))
      problems.push(`unknown field ${JSON.stringify(name.slice(0, 60))}; the fields are ${names.join(', ')}`);
  }
  const { migration } = fields;
  if (migration === undefined) problems.push(`"migration" is missing; known migrations: ${list}`);
  else if (typeof migration !== 'string') problems.push(`"migration" must be a text; known migrations: ${list}`);
  else if (!known.includes(migration))
    problems.push(`there is no migration ${JSON.stringify(migration.slice(0, 60))}; known migrations: ${list}`);
  const whole = (name: string, fallback: number, range: Range): number =>
    checkNumber(name, fields[name], fallback, { ...range, whole: true }, problems);
  const input = {
    migration: migration as string,
    batchRows: whole('batchRows', DEFAULT_BATCH_ROWS, BATCH_ROWS),
    concurrency: whole('concurrency', DEFAULT_CONCURRENCY, CONCURRENCY),
    maxParked: whole('maxParked', DEFAULT_MAX_PARKED, MAX_PARKED),
    maxQuarantine: checkNumber('maxQuarantine', fields.maxQuarantine, DEFAULT_MAX_QUARANTINE, MAX_QUARANTINE, problems),
    ...(names.includes('maxDeletes')
      ? { maxDeletes: checkNumber('maxDeletes', fields.maxDeletes, DEFAULT_MAX_DELETES, MAX_DELETES, problems) }
      : {}),
    onChange: checkOnChange(fields.onChange, problems),
    ...checkVerification(fields.verification, problems),
    ...checkReasons(fields.reasons, problems),
    ...optionalText('takeSkipped', fields.takeSkipped, 'why skipped batches are taken back', problems),
    ...checkRun(fields.run, problems),
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
  if (problems.length > 0) return { input: null, given: [], problems };
  return { input, given: names.filter((name) => fields[name] !== undefined && fields[name] !== null), problems: [] };
}

function checkVerification(given: unknown, problems: string[]): { readonly verification?: string } {
  if (given === undefined || given === null) return {};
  const number = asNumber(given);
  if (number !== null) return { verification: number };
  problems.push('"verification" must be the number of a verification; `carryover findings` names the latest');
  return {};
}

function checkRun(given: unknown, problems: string[]): { readonly run?: string } {
  if (given === undefined || given === null) return {};
  const number = asNumber(given);
  if (number !== null) return { run: number };
  problems.push('"run" must be the number of a run; `carryover status` lists them');
  return {};
}

function checkReasons(given: unknown, problems: string[]): { readonly reasons?: readonly string[] } {
  if (given === undefined || given === null) return {};
  const isReason = (word: unknown): word is string => REASONS.some((reason) => reason === word);
  if (Array.isArray(given) && given.length > 0 && given.every(isReason)) return { reasons: given };
  problems.push(`"reasons" must be a list of ${REASONS.join(', ')}`);
  return {};
}

/** Checks the one JSON object that starts `abandon`. */
export function checkAbandonInput(given: unknown): {
  readonly input: AbandonInput | null;
  readonly problems: readonly string[];
} {
  const example = '{"run": "7", "reason": "its table is gone"}';
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { input: null, problems: [`the input must be one JSON object, such as ${example}`] };
  }
  const fields = given as Record<string, unknown>;
  const problems = Object.keys(fields)
    .filter((name) => !['run', 'reason', 'by'].includes(name))
    .map((name) => `unknown field ${JSON.stringify(name.slice(0, 60))}; the fields are run, reason, by`);
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
