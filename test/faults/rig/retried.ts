/** How soon the death of a worker is noticed: read off the histories of its run. */
import { isGrpcServiceError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { Lane } from './lane';
import type { Operator } from './operator';

/** A status code of gRPC. */
const NOT_FOUND = 5;

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

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

/**
 * Seconds until an activity was started again that a worker had in hand when it died. One that was being cancelled is not
 * tried again: of it, the seconds until its workflow heard of its end.
 *
 * @returns undefined where nothing of what was in hand was tried again
 */
export async function retriedAfter(
  { client }: Operator,
  { name }: Lane,
  at: number,
): Promise<number | 'nothing in hand' | undefined> {
  const started: number[] = [];
  const ended: number[] = [];
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
    const open = before.filter(isScheduled).map(({ eventId }) => String(eventId));
    inHand += open.filter((activity) => !over.has(activity)).length;
    const cancelled = new Set(
      events.map((event) => String(event.activityTaskCancelRequestedEventAttributes?.scheduledEventId)),
    );
    for (const event of events.slice(before.length)) {
      const after = (timeOf(event) - at) / 1000;
      if ((event.activityTaskStartedEventAttributes?.attempt ?? 1) > 1) started.push(after);
      const activity = endedBy(event);
      if (activity !== undefined && cancelled.has(activity)) ended.push(after);
    }
  }
  const noticed = started.length > 0 ? started : ended;
  if (noticed.length > 0) return Math.max(...noticed);
  return inHand === 0 ? 'nothing in hand' : undefined;
}
