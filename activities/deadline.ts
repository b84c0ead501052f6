/** When a run's hours end: the instant at which the wall clock of a zone next reaches a time of the day. */
import type { Deadline, TimeWindow } from '../shared/run-window';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * A time that the zone has twice on a day, in autumn, counts when it comes first; one that it has not, in spring, when the
 * clock jumps past it: a run never works longer than it was to.
 *
 * @param from milliseconds since the epoch: when the run was to start
 */
export function deadlineOf({ until, zone }: TimeWindow, from: number): Deadline {
  const today = Math.floor(wallClock(from, zone) / DAY) * DAY;
  const [hours, minutes] = until.split(':').map(Number);
  const timeOfDay = (hours! * 60 + minutes!) * MINUTE;
  for (let day = today - DAY; ; day += DAY) {
    const at = firstInstantOf(day + timeOfDay, zone);
    if (at > from) return { until, zone, at };
  }
}

/** The first instant at which the wall clock shows this, or more. */
function firstInstantOf(wall: number, zone: string): number {
  // Nowhere is an offset more than a day from what it is a day before or after.
  const guesses = [-DAY, DAY].map((away) => wall - (wallClock(wall + away, zone) - (wall + away)));
  const latest = Math.max(...guesses);
  for (let at = Math.min(...guesses); at < latest; at += MINUTE) {
    if (wallClock(at, zone) >= wall) return at;
  }
  return latest;
}

/** What the zone's clock shows at an instant, as milliseconds of a clock that is read as UTC. */
function wallClock(instant: number, zone: string): number {
  const parts = clockOf(zone).formatToParts(instant);
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((type) =>
    Number(parts.find((part) => part.type === type)!.value),
  ) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(zone, clock);
  return clock;
}
