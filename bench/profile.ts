/** Where the time of a run went, read from the workflow's history: nothing in the product is instrumented for it. */
import { round } from './statistics';

/** What the profile needs of an event of a workflow's history. */
export interface HistoryEvent {
  readonly eventId?: { toString(): string } | null;
  readonly eventTime?: Timestamp | null;
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityType?: { readonly name?: string | null } | null;
  } | null;
  readonly activityTaskStartedEventAttributes?: { readonly scheduledEventId?: { toString(): string } | null } | null;
  readonly activityTaskCompletedEventAttributes?: { readonly scheduledEventId?: { toString(): string } | null } | null;
}

interface Timestamp {
  readonly seconds?: { toString(): string } | null;
  readonly nanos?: number | null;
}

export interface ActivityTime {
  readonly count: number;
  /** Seconds from start to completion, summed: two that run at once count twice. */
  readonly seconds: number;
  /** Seconds from scheduling to start, summed. */
  readonly waited: number;
}

export interface Profile {
  readonly seconds: number;
  readonly activities: Readonly<Record<string, ActivityTime>>;
  /** Wall clock seconds by number of activities that ran: `0` is idle, spent in workflow tasks and on the way. */
  readonly running: Readonly<Record<string, number>>;
}

const secondsOf = (time: Timestamp | null | undefined): number =>
  Number(time?.seconds?.toString() ?? 0) + (time?.nanos ?? 0) / 1e9;

interface Span {
  readonly type: string;
  readonly scheduled: number;
  started?: number;
  completed?: number;
}

/** Sums a history of activities that all completed at their first attempt; retried ones count from their last start. */
export function profileOf(events: readonly HistoryEvent[]): Profile {
  const spans = new Map<string, Span>();
  for (const event of events) {
    const at = secondsOf(event.eventTime);
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) spans.set(String(event.eventId), { type: scheduled.activityType?.name ?? '?', scheduled: at });
    const started = event.activityTaskStartedEventAttributes;
    if (started) set(spans.get(String(started.scheduledEventId)), 'started', at);
    const completed = event.activityTaskCompletedEventAttributes;
    if (completed) set(spans.get(String(completed.scheduledEventId)), 'completed', at);
  }
  const begin = secondsOf(events[0]?.eventTime);
  const end = secondsOf(events.at(-1)?.eventTime);
  const whole = [...spans.values()].filter((span) => span.started !== undefined && span.completed !== undefined);
  return {
    seconds: round(end - begin),
    activities: sumByType(whole),
    running: overlap(whole, begin, end),
  };
}

function set(span: Span | undefined, field: 'started' | 'completed', at: number): void {
  if (span !== undefined) span[field] = at;
}

function sumByType(spans: readonly Span[]): Record<string, ActivityTime> {
  const sums: Record<string, { count: number; seconds: number; waited: number }> = {};
  for (const { type, scheduled, started, completed } of spans) {
    const sum = (sums[type] ??= { count: 0, seconds: 0, waited: 0 });
    sum.count += 1;
    sum.seconds += completed! - started!;
    sum.waited += started! - scheduled;
  }
  return Object.fromEntries(
    Object.entries(sums).map(([type, { count, seconds, waited }]) => [
      type,
      { count, seconds: round(seconds), waited: round(waited) },
    ]),
  );
}

function overlap(spans: readonly Span[], begin: number, end: number): Record<string, number> {
  const steps = spans.flatMap(({ started, completed }) => [
    { at: started!, change: 1 },
    { at: completed!, change: -1 },
  ]);
  steps.sort((a, b) => a.at - b.at || a.change - b.change);
  const seconds: Record<string, number> = { 0: 0 };
  let running = 0;
  let since = begin;
  for (const { at, change } of [...steps, { at: end, change: 0 }]) {
    seconds[running] = (seconds[running] ?? 0) + at - since;
    running += change;
    since = at;
  }
  return Object.fromEntries(Object.entries(seconds).map(([count, sum]) => [count, round(sum)]));
}
