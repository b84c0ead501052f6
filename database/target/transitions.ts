/** On which days a zone's offset changes: asked of the server that will convert, so that both speak of one calendar. */
import type { Mapping } from '../../mappings/mapping';
import { TRANSITION_YEARS } from '../converters/converter';
import type { TimedMapping } from '../converters/converter';
import type { TargetQueries } from './session';

/** A mapping together with its zone's transition days; without any where it has no wall clocks. */
export async function withTransitionDays(target: TargetQueries, mapping: Mapping): Promise<TimedMapping> {
  if (!mapping.columns.some((rule) => rule.convert.kind === 'instant')) return mapping;
  const found = await target.query<{ day: string }>(
    'target.transitions',
    `SELECT to_char(day, 'YYYY-MM-DD') AS day
       FROM generate_series($2::timestamp, $3::timestamp, interval '1 day') day
       WHERE ((day + interval '1 day') AT TIME ZONE $1) - (day AT TIME ZONE $1) <> interval '24 hours' ORDER BY 1`,
    [mapping.time.zone, `${TRANSITION_YEARS.first}-01-01`, `${TRANSITION_YEARS.last}-12-31`],
  );
  return { ...mapping, transitionDays: found.rows.map((row) => row.day) };
}
