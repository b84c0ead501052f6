/** The points of runs that take some rows: see database/points.ts. */
export const SOME_ROWS = [
  'again.base',
  'again.cut',
  'replay.count',
  'repair.verifications',
  'repair.count',
  'resync.count',
  'take.run',
  'take.compared',
  'take.record',
  'take.close',
  'load.quarantineGone',
] as const;
