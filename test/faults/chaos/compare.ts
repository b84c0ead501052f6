/** What of two runs must be alike, whatever befell one of them. */
import type { Evidence } from '../rig/evidence';

/** Differences between what a run has left and what an undisturbed one leaves. */
export function compare(found: Evidence, undisturbed: Evidence): string[] {
  const same = ['target', 'targetRows', 'writes', 'writtenTwice', 'stages', 'withoutReport'];
  const wrong = same
    .filter((part) => JSON.stringify(found[part]) !== JSON.stringify(undisturbed[part]))
    .map((part) => `${part}: ${short(found[part])}, and undisturbed ${short(undisturbed[part])}`);
  const [one, other] = [found, undisturbed].map(({ quarantine }) => JSON.stringify(reasonsOf(quarantine)));
  return one === other ? wrong : [...wrong, 'the quarantine is not that of an undisturbed run'];
}

const short = (value: unknown): string => JSON.stringify(value).slice(0, 200);

/** Attempts and runs are counted anew where a second run began. */
function reasonsOf(quarantine: unknown): unknown[] {
  const rows = quarantine as { legacy_key: unknown; reasons: unknown; source_row_sha256: unknown; state: unknown }[];
  return rows.map(({ legacy_key, reasons, source_row_sha256, state }) => [
    legacy_key,
    reasons,
    source_row_sha256,
    state,
  ]);
}
