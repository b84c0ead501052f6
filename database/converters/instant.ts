import type { ConverterSpec } from '../../mappings/converter-spec';
import { literalPg } from '../target/quote';
import { invalidDay, isNoDay, isZeroDate, readBackDay } from './calendar';
import { clockText } from './clock';
import { TRANSITION_YEARS } from './converter';
import type { ConverterForms, Sql, TimedMapping } from './converter';

/*
 * A wall clock of a zone has no instant (spring gap), one, or two (autumn fold). PostgreSQL's AT TIME ZONE answers in
 * every case, so the cases are told apart by the way back: candidates are the instants under the offsets that were in
 * force a day before and a day after; those that lead back to the same wall clock are its instants.
 */
const wall = (text: Sql): Sql => `${text}::timestamp`;

const under = (text: Sql, zone: Sql, shift: string): Sql => {
  const near = `((${wall(text)} ${shift} interval '1 day') AT TIME ZONE ${zone})`;
  return `((${wall(text)} - ((${near} AT TIME ZONE ${zone}) - (${near} AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC')`;
};

const before = (text: Sql, zone: Sql): Sql => under(text, zone, '-');
const after = (text: Sql, zone: Sql): Sql => under(text, zone, '+');
const leadsBack = (instant: Sql, text: Sql, zone: Sql): Sql => `((${instant} AT TIME ZONE ${zone}) = ${wall(text)})`;

/** True on days on which the zone's offset stays, so that every wall clock has one instant: nearly always. */
const isSteady = (text: Sql, { transitionDays: days }: TimedMapping): Sql => {
  if (days === undefined) return 'false';
  const known = `left(${text}, 4) BETWEEN '${TRANSITION_YEARS.first}' AND '${TRANSITION_YEARS.last}'`;
  return days.length === 0 ? known : `(${known} AND left(${text}, 10) NOT IN (${days.map(literalPg).join(', ')}))`;
};

/** Runs a test only on days on which it can hold, and on text that a cast to timestamp takes. */
const onTransition = (text: Sql, mapping: TimedMapping, test: Sql): Sql =>
  `(CASE WHEN ${isSteady(text, mapping)} OR ${isNoDay(text)} THEN false ELSE ${test} END)`;

const zoneOf = (mapping: TimedMapping): Sql => literalPg(mapping.time.zone);

/** False for clocks of days on which the zone's offset stays. */
function mayTurn(clock: Sql, { transitionDays: days }: TimedMapping): Sql {
  if (days === undefined) return 'true';
  const known = `${clock} >= '${TRANSITION_YEARS.first}-01-01' AND ${clock} < '${TRANSITION_YEARS.last}-12-31'`;
  return `(NOT (${known}) OR ${clock}::date = ANY ('{${days.join(',')}}'::date[]))`;
}

/** How far zones are set back; all but a few by one hour. */
const FOLDS = ['1 hour', '30 minutes', '2 hours', '3 hours'];

/** True for an instant in a fold that the policy would not have chosen: the same clock was read earlier, or later. */
function isTwin(value: Sql, clock: Sql, mapping: TimedMapping): Sql {
  const { zone, fold } = { zone: zoneOf(mapping), fold: mapping.time.fold };
  const signs = fold === 'first' ? ['-'] : fold === 'second' ? ['+'] : ['-', '+'];
  return signs
    .flatMap((sign) => FOLDS.map((shift) => `((${value} ${sign} interval '${shift}') AT TIME ZONE ${zone}) = ${clock}`))
    .join(' OR ');
}

export const instant: ConverterForms<Extract<ConverterSpec, { kind: 'instant' }>> = {
  sourceText: (_spec, column) => `CAST(${column} AS CHAR)`,
  plainBytes: true,
  unfit: (spec, text, mapping) => {
    const zone = zoneOf(mapping);
    const early = before(text, zone);
    const late = after(text, zone);
    const gap = `NOT ${leadsBack(`(${wall(text)} AT TIME ZONE ${zone})`, text, zone)}`;
    const twice = `${early} <> ${late} AND ${leadsBack(early, text, zone)} AND ${leadsBack(late, text, zone)}`;
    return [
      { reason: 'value_invalid', when: invalidDay(text, spec.zero) },
      { reason: 'time_gap', when: onTransition(text, mapping, gap) },
      ...(mapping.time.fold === 'quarantine'
        ? [{ reason: 'time_ambiguous' as const, when: onTransition(text, mapping, `(${twice})`) }]
        : []),
    ];
  },
  toTarget: (spec, text, mapping) => {
    const zone = zoneOf(mapping);
    const plain = `(${wall(text)} AT TIME ZONE ${zone})`;
    // In the fold the offset of the day before gives the first of the two instants, that of the day after the second.
    const chosen = mapping.time.fold === 'second' ? after(text, zone) : before(text, zone);
    const value =
      `(CASE WHEN ${isSteady(text, mapping)} THEN ${plain} ` +
      `WHEN ${leadsBack(chosen, text, zone)} THEN ${chosen} ELSE ${plain} END)`;
    return spec.zero === 'null' ? `(CASE WHEN NOT ${isZeroDate(text)} THEN ${value} END)` : value;
  },
  readBack: (spec, value, kept, mapping) => {
    const clock = `(${value} AT TIME ZONE ${zoneOf(mapping)})`;
    // The other instant of a clock that was read twice: the text is right, and the value is not.
    const twin = `(${value} IS NOT NULL AND ${mayTurn(clock, mapping)} AND (${isTwin(value, clock, mapping)}))`;
    return readBackDay(value, clockText(clock, spec.precision), spec.zero === 'null' ? kept : null, twin);
  },
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
