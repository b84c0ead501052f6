/** The points of decisions about rows in quarantine, and of people who look at them: see database/points.ts. */
export const QUARANTINE = [
  // what a run makes of rows that were dismissed
  'transform.dismissed',
  'load.forgetDismissed',
  'load.dismissed',

  // dismiss, restore: what a person decides about rows
  'dismiss.decided',
  'dismiss.runs',
  'dismiss.rows',
  'dismiss.audited',
  'dismiss.standing',
  'dismiss.state',

  // purge: values that nobody needs any more
  'purge.decided',
  'purge.count',
  'purge.rows',
  'purge.images',
  'purge.lines',

  // quarantine: what people read of it
  'quarantine.list',
  'quarantine.counts',
  'quarantine.find',
  'quarantine.row',
  'quarantine.columns',
  'quarantine.open',
  'quarantine.fetch',
  'quarantine.close',
] as const;
