/** The points of a forecast: see database/points.ts. Its transaction has no commit, so it is none of TRANSACTIONS. */
export const FORECAST = [
  // plan: the stage that holds the bounds of the batches
  'forecast.createStage',
  'forecast.lastBatch',
  'forecast.cut',
  'forecast.planned',
  'forecast.unique',
  'forecast.triggers',
  'forecast.earlier',

  // batches: what a run would do, and undone
  'forecast.known',
  'forecast.take',
  'forecast.endOlder',
  'forecast.begin',
  'forecast.lockTimeout',
  'forecast.withoutHelpers',
  'forecast.name',
  'forecast.patient',
  'forecast.brisk',
  'forecast.immediate',
  'forecast.told',
  'forecast.tellAnew',
  'forecast.savepoint',
  'forecast.doubt',
  'forecast.release',
  'forecast.takeBack',
  'forecast.deleted',
  'forecast.kept',
  'forecast.undo',

  // what became of the rows
  'forecast.primary',
  'forecast.leftOut',
  'forecast.reasons',
  'forecast.duplicates',
  'forecast.references',
  'forecast.measures',
  'forecast.countTold',

  // end, and what dead ones left
  'forecast.drop',
  'forecast.leftovers',
  'forecast.patience',
  'forecast.lockStage',
  'forecast.lastUse',
  'forecast.dropUnused',
] as const;
