/** How soon the death of a worker is noticed: read off the histories of its run. */
import { isGrpcServiceError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { Lane } from './lane';
import type { Operator } from './operator';

/** A status code of gRPC. */
const NOT_FOUND = 5;

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

type StartedAttributes = NonNullable<Event['activityTaskStartedEventAttributes']>;

/** Milliseconds of the epoch. */
const timeOf = ({ eventTime }: Event): number =>
  Number(eventTime?.seconds ?? 0) * 1000 + Number(eventTime?.nanos ?? 0) / 1e6;

const isScheduled = (event: Event): boolean => event.activityTaskScheduledEventAttributes != null;

/** The activity that an event ends, by the number of its first event. */
const endedBy = (event: Event): string | undefined => {
  const attributes =
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  return attributes?.scheduledEventId == null ? undefined : String(attributes.scheduledEventId);
};

/** An activity that was in hand when its worker died, and when somebody else was seen to go on with it. */
export interface Retried {
  readonly activity: string;
  /** Of its last start: history keeps no other. */
  readonly attempt: number;
  /** Seconds after the death. */
  readonly after: number;
  /** How the attempt before ended, in Temporal's words. */
  readonly before: string;
}

function wordsOf(failure: StartedAttributes['lastFailure']): string {
  const words: string[] = [];
  for (let link = failure; link != null; link = link.cause) {
    words.push(
      `${link.message ?? ''} ${link.timeoutFailureInfo == null ? '' : JSON.stringify(link.timeoutFailureInfo)}`,
    );
  }
  return words.join('; ');
}

/**
 * The activity that was tried again last, of those that a worker had in hand when it died. One that was being cancelled is
 * not tried again: of it, the time at which its workflow heard of its end.
 *
 * @returns undefined where nothing of what was in hand was tried again
 */
export async function retriedAfter(
  { client }: Operator,
  { name }: Lane,
  at: number,
): Promise<Retried | 'nothing in hand' | undefined> {
  const started: Retried[] = [];
  const ended: Retried[] = [];
  let inHand = 0;
  for (const id of [name, `${name}-next`]) {
    const history = await client.workflow
      .getHandle(id)
      .fetchHistory()
      .catch((error: unknown) => {
        // Not every run has a second workflow; a history that cannot be read says nothing, and must not pass for one.
        if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND && id !== name) return null;
        throw error;
      });
    const events = history?.events ?? [];
    const before = events.filter((event) => timeOf(event) <= at);
    const over = new Set(before.map(endedBy));
    const open = new Map(
      before
        .filter((event) => isScheduled(event) && !over.has(String(event.eventId)))
        .map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes?.activityType?.name ?? '']),
    );
    inHand += open.size;
    const cancelled = new Set(
      events.map((event) => String(event.activityTaskCancelRequestedEventAttributes?.scheduledEventId)),
    );
    const attempts = new Map<string, number>();
    for (const event of events) {
      const after = (timeOf(event) - at) / 1000;
      const start = event.activityTaskStartedEventAttributes;
      const scheduled = start == null ? endedBy(event) : String(start.scheduledEventId);
      const activity = scheduled === undefined ? undefined : open.get(scheduled);
      if (scheduled === undefined || activity === undefined || after <= 0) continue;
      if (start != null) {
        const attempt = start.attempt ?? 1;
        attempts.set(scheduled, attempt);
        // Its first start came after the death: it had waited for a worker, and nobody had it in hand.
        if (attempt > 1) started.push({ activity, attempt, after, before: wordsOf(start.lastFailure) });
        else inHand -= 1;
      } else if (cancelled.has(scheduled))
        ended.push({ activity, attempt: attempts.get(scheduled) ?? 1, after, before: '' });
    }
  }
  const noticed = started.length > 0 ? started : ended;
  if (noticed.length > 0) return noticed.reduce((last, each) => (each.after > last.after ? each : last));
  return inHand === 0 ? 'nothing in hand' : undefined;
}
