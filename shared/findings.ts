/**
 * Kinds of findings: what a row is that is not alike on both sides. A defect makes the verdict *not proven* until somebody
 * accepts it; a movement is what a source that is written to explains.
 */
export const FINDING_KINDS = {
  /** In the source, and nowhere: neither loaded nor in quarantine, though it should be. */
  missing: 'defect',
  /** In the target without an origin: not in the source, and nothing says that it ever was. */
  extra: 'defect',
  /** Ours, and not what its own lineage says. */
  changed: 'defect',
  /** Ours, and today's lookups, source or mapping give something else. */
  stale: 'defect',
  /** One key, several rows of the target. */
  duplicate: 'defect',
  /** Not as we wrote it: another writer did something to it. */
  changed_in_target: 'defect',
  /** Loaded by us, and gone from the target. */
  deleted_in_target: 'defect',
  /** The source says something else now than when the row was read. */
  moved: 'movement',
  /** In the source, and never seen before. */
  new: 'movement',
  /** Not in the source any more. */
  gone: 'movement',
  /** The same, and kept by a run that was to take it away: rows of another table refer to it. */
  referenced: 'movement',
} as const;

export type FindingKind = keyof typeof FINDING_KINDS;

const kindsOf = (sort: 'defect' | 'movement'): FindingKind[] =>
  (Object.keys(FINDING_KINDS) as FindingKind[]).filter((kind) => FINDING_KINDS[kind] === sort);

export const DEFECTS: readonly FindingKind[] = kindsOf('defect');
export const MOVEMENTS: readonly FindingKind[] = kindsOf('movement');

/** Defects that taking the row again may mend; in the others another writer may have had a hand, and a repair keeps them. */
export const REPAIRABLE: readonly FindingKind[] = ['missing', 'changed', 'stale'];

/** What a re-sync takes from the source as it is now. */
export const RESYNCED: readonly FindingKind[] = ['new', 'moved', ...REPAIRABLE];

/** Those that a run mends too that was told to overwrite what another writer did. */
export const OVERWRITABLE: readonly FindingKind[] = ['changed_in_target', 'deleted_in_target'];
