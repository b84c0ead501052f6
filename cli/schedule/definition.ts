/** What a schedule is to be: as a file or the flags of a command say it, checked with all problems at once. Pure. */
import { optionalText } from '../../shared/fields';
import { checkWindow, zoneProblem } from '../../shared/run-window';
import type { Cron } from './cron';
import { parseCron } from './cron';
import { SCHEDULED, SCHEDULED_TYPES, isScheduledType } from './types';
import type { ScheduledType } from './types';

export interface ScheduleDefinition {
  readonly name: string;
  readonly type: ScheduledType;
  readonly migration: string;
  readonly when: { readonly cron: string; readonly fields: Cron; readonly zone: string } | { readonly every: number };
  /** Milliseconds. */
  readonly jitter: number;
  readonly catchUp: number;
  readonly pauseOnFailure: boolean;
  /** How it begins; what became of that since is the operator's. */
  readonly paused: boolean;
  readonly note: string | null;
  /** The one JSON object of its workflow. */
  readonly input: Readonly<Record<string, unknown>>;
}

export const DEFINITION_FIELDS = [
  'name',
  'type',
  'migration',
  'cron',
  'every',
  'zone',
  'jitter',
  'catchUp',
  'until',
  'pauseOnFailure',
  'paused',
  'note',
  'input',
] as const;

const HOUR = 3_600_000;
/** Temporal's server takes no less. */
const LEAST_CATCH_UP = 10_000;
const YEAR = 366 * 24 * HOUR;

/** Answers to one situation: said each night by a schedule, they would answer those that nobody has looked at. */
const OF_THE_MOMENT = ['takeOver', 'acceptServer', 'takeSkipped'];

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export interface CheckedDefinition {
  readonly definition: ScheduleDefinition | null;
  readonly problems: readonly string[];
}

/** @param known names of the migrations that there are */
export function checkDefinition(given: unknown, known: readonly string[]): CheckedDefinition {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { definition: null, problems: ['a schedule must be a JSON object'] };
  }
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));
  const problems: string[] = [];
  for (const name of Object.keys(fields)) {
    if (!(DEFINITION_FIELDS as readonly string[]).includes(name)) {
      problems.push(
        `unknown field ${JSON.stringify(name.slice(0, 60))}; the fields are ${DEFINITION_FIELDS.join(', ')}`,
      );
    }
  }
  const { name, type, migration } = fields;
  if (typeof name !== 'string' || !NAME.test(name)) {
    problems.push(
      '"name" must be 1 to 100 letters, digits, dots, dashes and underscores, and begin with a letter or a digit',
    );
  }
  if (!isScheduledType(type)) problems.push(`"type" must be one of ${SCHEDULED_TYPES.join(', ')}`);
  const zone = checkZone(fields, problems);
  const when = checkWhen(fields, zone, problems);
  const window = checkUntil(fields, zone, isScheduledType(type) ? type : null, problems);
  const jitter = milliseconds('jitter', fields.jitter, 0, { low: 0, high: 24 * HOUR }, problems);
  if (when !== null && 'every' in when && jitter >= when.every && jitter > 0) {
    problems.push('"jitter" must be shorter than "every"');
  }
  const texts = optionalText('note', fields.note, 'what it is for', problems);
  const definition = {
    jitter,
    catchUp: milliseconds('catchUp', fields.catchUp, HOUR, { low: LEAST_CATCH_UP, high: YEAR }, problems),
    pauseOnFailure: checkFlag('pauseOnFailure', fields.pauseOnFailure, true, problems),
    paused: checkFlag('paused', fields.paused, false, problems),
    note: texts.note ?? null,
  };
  const input = checkInput(fields, window, known, problems);
  if (problems.length > 0 || when === null) return { definition: null, problems };
  return {
    definition: {
      ...definition,
      name: name as string,
      type: type as ScheduledType,
      migration: migration as string,
      when,
      input,
    },
    problems: [],
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** The zone where it is one by name; null where none is given or needed, or it is wrong. */
function checkZone({ zone, cron, until }: Fields, problems: string[]): string | null {
  if (zone === undefined && cron === undefined && until === undefined) return null;
  const wrong = zoneProblem(zone);
  if (wrong === null) return zone as string;
  problems.push(`"zone" ${wrong}`);
  return null;
}

function checkWhen(
  { cron, every }: Fields,
  zone: string | null,
  problems: string[],
): ScheduleDefinition['when'] | null {
  if ((cron === undefined) === (every === undefined)) {
    problems.push('either "cron" or "every" says when it starts, such as "15 2 * * *" or "10m"');
    return null;
  }
  if (every !== undefined) {
    return { every: milliseconds('every', every, HOUR, { low: 1_000, high: YEAR }, problems) };
  }
  if (typeof cron !== 'string') {
    problems.push('"cron" must be a text, such as "15 2 * * *"');
    return null;
  }
  const parsed = parseCron(cron, problems);
  return parsed === null || zone === null ? null : { cron: cron.trim(), fields: parsed, zone };
}

function checkUntil({ until }: Fields, zone: string | null, type: ScheduledType | null, problems: string[]): object {
  if (until === undefined) return {};
  if (type !== null && !SCHEDULED[type].hasHours) {
    problems.push(`"until" is of runs: ${type} has no hours`);
    return {};
  }
  // What is wrong with the zone is told already.
  const found: string[] = [];
  const window = checkWindow({ until, zone: zone ?? 'UTC' }, found);
  problems.push(...found.map((words) => words.replace('"window.until"', '"until"')));
  return window;
}

/** The input as its workflow would check it. */
function checkInput(
  { type, migration, input = {} }: Fields,
  window: object,
  known: readonly string[],
  problems: string[],
): Fields {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    problems.push(
      '"input" must be a JSON object: the other fields of the workflow\'s input, such as {"concurrency": 4}',
    );
    return {};
  }
  for (const [name, where] of [
    ['migration', 'migration'],
    ['window', 'until'],
  ] as const) {
    if (name in input) problems.push(`"input" must not hold "${name}": "${where}" of the schedule says it`);
  }
  for (const name of OF_THE_MOMENT.filter((each) => each in input)) {
    problems.push(`"input" must not hold "${name}": it answers one situation, and a person gives it by hand`);
  }
  const others = Object.fromEntries(
    Object.entries(input).filter(([name]) => name !== 'migration' && name !== 'window'),
  );
  const whole = { ...(migration === undefined ? {} : { migration }), ...others, ...window };
  if (isScheduledType(type)) problems.push(...SCHEDULED[type].check(whole, known).problems);
  else if (typeof migration !== 'string' || !known.includes(migration)) {
    problems.push(`"migration" must be one of ${known.join(', ')}`);
  }
  return whole;
}

function checkFlag(name: string, given: unknown, fallback: boolean, problems: string[]): boolean {
  if (given === undefined) return fallback;
  if (typeof given === 'boolean') return given;
  problems.push(`"${name}" must be true or false`);
  return fallback;
}

const UNITS = { s: 1_000, m: 60_000, h: HOUR, d: 24 * HOUR } as const;

function milliseconds(
  name: string,
  given: unknown,
  fallback: number,
  { low, high }: { readonly low: number; readonly high: number },
  problems: string[],
): number {
  if (given === undefined) return fallback;
  const found = typeof given === 'string' ? /^(\d{1,6})([smhd])$/.exec(given) : null;
  const value = found === null ? NaN : Number(found[1]) * UNITS[found[2] as keyof typeof UNITS];
  if (value >= low && value <= high) return value;
  problems.push(
    `"${name}" must be a number with s, m, h or d, such as "10m", from ${spanText(low)} to ${spanText(high)}`,
  );
  return fallback;
}

/** `90s`, `10m`, `1h`: the largest unit that is exact. */
export function spanText(ms: number): string {
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, each]) => ms > 0 && ms % each === 0) ?? ['s', UNITS.s];
  return `${ms / size}${unit}`;
}
