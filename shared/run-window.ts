/**
 * The hours of a run: until when it may work, by the wall clock of a zone. Checked as a field of the one JSON object that
 * starts it; pure.
 */

/** As a start gives it: a time of the day, which comes once on each. */
export interface TimeWindow {
  /** `HH:MM` */
  readonly until: string;
  /** IANA name: no zone is guessed. */
  readonly zone: string;
}

/** The same with its instant, in milliseconds since the epoch: a workflow knows no zones. */
export interface Deadline extends TimeWindow {
  readonly at: number;
}

export const WINDOW_EXAMPLE = '{"until": "05:00", "zone": "Europe/Berlin"}';

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;
const FIELDS = ['until', 'zone'];

export function checkWindow(given: unknown, problems: string[]): { readonly window?: TimeWindow } {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    problems.push(`"window" must be one JSON object, such as ${WINDOW_EXAMPLE}`);
    return {};
  }
  const { until, zone, ...others } = given as Record<string, unknown>;
  for (const name of Object.keys(others)) {
    problems.push(
      `unknown field ${JSON.stringify(name.slice(0, 60))} of "window"; its fields are ${FIELDS.join(', ')}`,
    );
  }
  const before = problems.length;
  if (typeof until !== 'string' || !TIME_OF_DAY.test(until)) {
    problems.push('"window.until" must be a time of the day from 00:00 to 23:59, such as "05:00"');
  }
  const wrong = zoneProblem(zone);
  if (wrong !== null) problems.push(`"window.zone" ${wrong}`);
  return problems.length > before ? {} : { window: { until: until as string, zone: zone as string } };
}

/** Why this is no zone by name; null where it is one. */
export function zoneProblem(zone: unknown): string | null {
  const example = 'an IANA name, such as "Europe/Berlin"';
  if (typeof zone !== 'string' || zone === '') return `is missing: give ${example}; no zone is guessed`;
  const shown = JSON.stringify(zone.slice(0, 60));
  // An offset is no zone: it would be wrong for half of the year.
  if (!/^[A-Za-z]/.test(zone)) return `is ${shown}; give ${example}`;
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
    // Temporal's server tells capitals from small letters, where this does not.
    return known !== zone && known.toLowerCase() === zone.toLowerCase()
      ? `is ${shown}; it is spelled "${known}"`
      : null;
  } catch {
    return `is ${shown}, which is none; give ${example}`;
  }
}

const CAUSE = 'window: ';

/** Why a run stands still whose hours are over, as status and ledger say it. */
export function windowCause({ until, zone }: TimeWindow, before: string | null): string {
  const paused = before === null || isWindowCause(before) ? '' : `; before that it was paused: ${before}`;
  return `${CAUSE}it was to work until ${until} ${zone}; the next start goes on with it${paused}`;
}

/** True where a run was paused by the end of its hours. */
export const isWindowCause = (cause: string): boolean => cause.startsWith(CAUSE);
