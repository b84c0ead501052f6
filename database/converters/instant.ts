import type { ConverterSpec } from '../../mappings/converter-spec';
import type { Mapping } from '../../mappings/mapping';
import { literalPg } from '../target/quote';
import { invalidDay, isNoDay, isZeroDate } from './calendar';
import type { ConverterForms, Sql } from './converter';

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

/** Runs a test only on text that a cast to timestamp takes. */
const onDays = (text: Sql, test: Sql): Sql => `(CASE WHEN ${isNoDay(text)} THEN false ELSE ${test} END)`;

const zoneOf = (mapping: Mapping): Sql => literalPg(mapping.time.zone);

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
      { reason: 'time_gap', when: onDays(text, gap) },
      ...(mapping.time.fold === 'quarantine'
        ? [{ reason: 'time_ambiguous' as const, when: onDays(text, `(${twice})`) }]
        : []),
    ];
  },
  toTarget: (spec, text, mapping) => {
    const zone = zoneOf(mapping);
    const plain = `(${wall(text)} AT TIME ZONE ${zone})`;
    // In the fold the offset of the day before gives the first of the two instants, that of the day after the second.
    const chosen = mapping.time.fold === 'second' ? after(text, zone) : before(text, zone);
    const value = `(CASE WHEN ${leadsBack(chosen, text, zone)} THEN ${chosen} ELSE ${plain} END)`;
    return spec.zero === 'null' ? `(CASE WHEN NOT ${isZeroDate(text)} THEN ${value} END)` : value;
  },
  targetText: (spec, value, mapping) => {
    if (spec.zero === 'null') return null;
    const fraction = spec.precision === 0 ? '' : `.FF${spec.precision}`;
    return `to_char(${value} AT TIME ZONE ${zoneOf(mapping)}, 'YYYY-MM-DD HH24:MI:SS${fraction}')`;
  },
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
