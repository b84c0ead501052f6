/**
 * Cron expressions of five fields as the calendars that Temporal keeps of them, and back. It keeps no expression: so we
 * compile it ourselves, and can tell later whether a schedule still is as it was said. Pure.
 */
import type { CalendarSpec, CalendarSpecDescription } from '@temporalio/client';
import { DAYS_OF_WEEK, MONTHS } from '@temporalio/client';

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** The fields in their order, each as spans of numbers. */
export type Cron = readonly [minute: Span[], hour: Span[], dayOfMonth: Span[], month: Span[], dayOfWeek: Span[]];

interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Names of three letters that stand for numbers from `low` on. */
  readonly names?: readonly string[];
}

const short = (names: readonly string[]): string[] => names.map((name) => name.slice(0, 3));

const FIELDS: readonly Field[] = [
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of the month', low: 1, high: 31 },
  { name: 'month', low: 1, high: 12, names: short(MONTHS) },
  // Sunday is 0, and may be written as 7.
  { name: 'day of the week', low: 0, high: 7, names: short(DAYS_OF_WEEK) },
];

const EXAMPLE = 'such as "15 2 * * *" (02:15 each day) or "0 3 * * MON-FRI"';

export function parseCron(text: string, problems: string[]): Cron | null {
  const words = text.trim().split(/\s+/);
  if (words.length !== FIELDS.length) {
    problems.push(
      `"cron" must have five fields: ${FIELDS.map(({ name }) => name).join(', ')}; ${EXAMPLE}, and has ${text.trim() === '' ? 0 : words.length}`,
    );
    return null;
  }
  const before = problems.length;
  const fields = FIELDS.map((field, index) => parseField(field, words[index]!, problems));
  if (words[2] !== '*' && words[4] !== '*') {
    // Other crons take either, Temporal takes both.
    problems.push(
      '"cron" must leave the day of the month or the day of the week as *: programs differ in what both mean',
    );
  }
  return problems.length > before ? null : (fields as unknown as Cron);
}

function parseField(field: Field, text: string, problems: string[]): Span[] {
  const spans: Span[] = [];
  for (const part of text.split(',')) {
    const span = parseSpan(field, part);
    if (span === null) {
      const { name, low, high } = field;
      problems.push(
        `"cron" has ${JSON.stringify(part.slice(0, 40))} as ${name}: ${low} to ${high}, *, a-b, */n or a list`,
      );
      return [];
    }
    spans.push(...span);
  }
  return spans;
}

function parseSpan(field: Field, text: string): Span[] | null {
  const found = /^(\*|[A-Za-z]{3}|\d{1,2})(?:-([A-Za-z]{3}|\d{1,2}))?(?:\/(\d{1,2}))?$/.exec(text);
  if (found === null) return null;
  const [, from, to, by] = found;
  const isWeek = field.high === 7;
  const highest = isWeek ? 6 : field.high;
  const start = from === '*' ? field.low : numberOf(field, from!);
  if (start === null || (from === '*' && to !== undefined)) return null;
  const step = by === undefined ? 1 : Number(by);
  const last = to !== undefined ? numberOf(field, to) : from === '*' || by !== undefined ? highest : start;
  if (last === null || last < start || step < 1 || step > highest) return null;
  if (!isWeek || last < 7) return [{ start, end: last, step }];
  // Its seventh day is its first.
  const days = Array.from({ length: 8 }, (_, day) => day).filter((day) => day >= start && (day - start) % step === 0);
  return [...new Set(days.map((day) => day % 7))].map((day) => ({ start: day, end: day, step: 1 }));
}

function numberOf({ low, high, names }: Field, word: string): number | null {
  if (/^\d+$/.test(word)) {
    const number = Number(word);
    return number >= low && number <= high ? number : null;
  }
  const index = names?.indexOf(word.toUpperCase()) ?? -1;
  return index < 0 ? null : low + index;
}

export function toCalendar(cron: Cron, text: string): CalendarSpec {
  const [minute, hour, dayOfMonth, month, dayOfWeek] = cron;
  return {
    minute,
    hour,
    dayOfMonth,
    month: month.map((span) => ({ ...span, start: MONTHS[span.start - 1]!, end: MONTHS[span.end - 1]! })),
    dayOfWeek: dayOfWeek.map((span) => ({ ...span, start: DAYS_OF_WEEK[span.start]!, end: DAYS_OF_WEEK[span.end]! })),
    comment: text.trim(),
  };
}

/** The fields of a calendar of Temporal; null where it has more than five fields can say. */
export function fromCalendar(calendar: CalendarSpecDescription): Cron | null {
  const seconds = expand(calendar.second);
  if (seconds.length !== 1 || seconds[0] !== 0 || calendar.year.length > 0) return null;
  const named = <T extends string>(
    spans: readonly { start: T; end: T; step: number }[],
    names: readonly T[],
    low: number,
  ) =>
    spans.map(({ start, end, step }) => ({ start: names.indexOf(start) + low, end: names.indexOf(end) + low, step }));
  return [
    calendar.minute,
    calendar.hour,
    calendar.dayOfMonth,
    named(calendar.month, MONTHS, 1),
    named(calendar.dayOfWeek, DAYS_OF_WEEK, 0),
  ];
}

export function expand(spans: readonly Span[]): number[] {
  const all = new Set<number>();
  for (const { start, end, step } of spans) for (let each = start; each <= end; each += step) all.add(each);
  return [...all].sort((a, b) => a - b);
}

export const isSameCron = (one: Cron, other: Cron): boolean =>
  one.every((spans, index) => expand(spans).join() === expand(other[index]!).join());

/** As an expression, by numbers. */
export function cronText(cron: Cron): string {
  return cron
    .map((spans, index) => {
      const { low, high } = FIELDS[index]!;
      const values = (high === 7 ? 6 : high) - low + 1;
      if (expand(spans).length === values) return '*';
      return spans
        .map(({ start, end, step }) => `${start}${end > start ? `-${end}` : ''}${step > 1 ? `/${step}` : ''}`)
        .join(',');
    })
    .join(' ');
}
