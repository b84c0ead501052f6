/** Mappings with their zone's transition days: asked for once in a worker's life. */
import type { TimedMapping } from '../database/converters/converter';
import type { TargetQueries } from '../database/target/session';
import { withTransitionDays } from '../database/target/transitions';
import { fingerprint } from '../mappings/fingerprint';
import type { Mapping } from '../mappings/mapping';

export type Timed = (mapping: Mapping) => Promise<TimedMapping>;

/** A failure is forgotten, so that it is asked again. */
export function rememberTransitionDays(target: TargetQueries): Timed {
  const known = new Map<string, Promise<TimedMapping>>();
  return (mapping) => {
    const key = fingerprint(mapping);
    const there = known.get(key);
    if (there !== undefined) return there;
    const asked = withTransitionDays(target, mapping);
    known.set(key, asked);
    asked.catch(() => known.delete(key));
    return asked;
  };
}
