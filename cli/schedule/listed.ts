/** A schedule as a person reads it: what, when, paused by whom and why, what became of its last starts. Pure. */
import type { ScheduleDescription } from '@temporalio/client';
import { cronText, fromCalendar } from './cron';
import { spanText } from './definition';
import { migrationOf } from './handle';
import { markOf } from './temporal-schedule';

/** One start that a schedule has made. */
export interface Action {
  readonly at: string;
  readonly workflowId: string;
  /** How it ended, in words; `running` where it has not. */
  readonly outcome: string;
}

export interface Listed {
  readonly name: string;
  readonly type: string;
  readonly migration: string;
  /** When it starts, each as a cron expression or a span; more than one where somebody made it so in the UI. */
  readonly when: readonly string[];
  readonly zone: string | null;
  readonly until: string | null;
  readonly jitter: string | null;
  readonly catchUp: string;
  readonly overlap: string;
  readonly pauseOnFailure: boolean;
  readonly paused: boolean;
  /** Who paused it and why; else what it is for. */
  readonly note: string | null;
  readonly madeBy: 'apply' | 'create' | null;
  readonly next: readonly string[];
  readonly last: readonly Action[];
  readonly taken: number;
  /** Starts that fell due while Temporal was away for longer than the catch-up window. */
  readonly missedCatchUp: number;
  /** Starts that were left out, since the one before was still at work. */
  readonly skippedOverlap: number;
}

/** How many of the next starts are told. */
const NEXT = 3;

export function toListed(there: ScheduleDescription, last: readonly Action[]): Listed {
  const { action, spec, policies, info, state } = there;
  const { window } = ((action.args ?? [])[0] ?? {}) as { window?: { until?: unknown; zone?: unknown } };
  const { until, zone } = window ?? {};
  return {
    name: there.scheduleId,
    type: action.workflowType,
    migration: migrationOf(there),
    when: [
      ...(spec.calendars ?? []).map((calendar) => {
        const cron = fromCalendar(calendar);
        return cron === null ? 'at times that five fields of cron cannot say' : cronText(cron);
      }),
      ...(spec.intervals ?? []).map(
        ({ every, offset }) => `every ${spanText(every)}${offset ? ` after ${spanText(offset)}` : ''}`,
      ),
    ],
    zone: spec.timezone === undefined || spec.timezone === '' ? null : spec.timezone,
    until: typeof until === 'string' && typeof zone === 'string' ? `${until} ${zone}` : null,
    jitter: spec.jitter ? spanText(spec.jitter) : null,
    catchUp: spanText(policies.catchupWindow),
    overlap: policies.overlap ?? 'SKIP',
    pauseOnFailure: policies.pauseOnFailure,
    paused: state.paused,
    note: state.note === undefined || state.note === '' ? null : state.note,
    madeBy: markOf(there.memo)?.by ?? null,
    next: state.paused ? [] : info.nextActionTimes.slice(0, NEXT).map(instant),
    last,
    taken: info.numActionsTaken,
    missedCatchUp: info.numActionsMissedCatchupWindow,
    skippedOverlap: info.numActionsSkippedOverlap,
  };
}

export const instant = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

/** One schedule in a few lines. */
export function scheduleLines(one: Listed): string[] {
  // Without a zone, Temporal takes a calendar for UTC: so it was made in the UI, and may not be meant.
  const isByCalendar = one.when.some((each) => !each.startsWith('every '));
  const zone = one.zone ?? (isByCalendar ? 'UTC, since no zone is given' : null);
  const when = `${one.when.join(' and ') || 'never by itself'}${zone === null ? '' : ` (${zone})`}`;
  const more = [
    ...(one.until === null ? [] : [`until ${one.until}`]),
    ...(one.jitter === null ? [] : [`up to ${one.jitter} later`]),
    ...(one.catchUp === '1h' ? [] : [`made up for up to ${one.catchUp} late`]),
    ...(one.overlap === 'SKIP' ? [] : [`overlap ${one.overlap}`]),
    ...(one.pauseOnFailure ? [] : ['goes on after a failure']),
  ];
  const missed = [
    ...(one.missedCatchUp > 0
      ? [`${one.missedCatchUp} fell due while Temporal was away for longer than ${one.catchUp}`]
      : []),
    ...(one.skippedOverlap > 0 ? [`${one.skippedOverlap} left out, since the one before was still at work`] : []),
  ];
  return [
    `${one.name}: ${one.type} ${one.migration}${one.paused ? ', PAUSED' : ''}`,
    `  when      ${[when, ...more].join(', ')}`,
    ...(one.note === null ? [] : [`  ${one.paused ? 'paused    ' : 'note      '}${one.note.replaceAll('\n', ' ')}`]),
    ...(one.paused ? [`  to go on  carryover schedule resume ${one.name}`] : []),
    ...(one.paused ? [] : [`  next      ${one.next.join(', ') || 'none: no time fits'}`]),
    ...one.last.map(({ at, workflowId, outcome }) => `  started   ${at} ${workflowId}: ${outcome}`),
    ...(missed.length === 0 ? [] : [`  missed    ${missed.join('; ')}`]),
  ];
}
