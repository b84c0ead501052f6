/** The points of a look for gaps: see database/points.ts. */
export const GAPS = [
  'gaps.tables',
  'gaps.any',
  'gaps.count',
  'gaps.countMoved',
  'gaps.countAbove',
  'gaps.baseline',
  'gaps.standings',
  'gaps.targetKnown',
  'gaps.targetAny',
] as const;
