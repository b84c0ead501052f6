/**
 * The points at which a run can be held up or die: one before and one after each statement of `database/`. A statement
 * without one cannot be written. Each name stands at one place in the code.
 */
import { FORECAST } from './forecast/points';
import { GAPS } from './gaps/points';
import { SOME_ROWS, UNDO } from './ledger/points';
import { PREFLIGHT } from './preflight/points';
import { QUARANTINE } from './quarantine/points';
import { REPORT } from './report/points';
import { VERIFICATION } from './verify/points';

/** Statements. A step's names begin with the step; `source.` and `target.` are what several of them ask. */
export const STATEMENTS = [
  // a session whose work may be cancelled
  'session.backend',
  'session.cancel',

  // attempt: the fence around a step of a batch
  'attempt.read',
  'attempt.endOlder',
  'attempt.withoutHelpers',
  'attempt.drawToken',
  'attempt.cancel',
  'attempt.lock',
  'attempt.letGo',
  'attempt.withHelpers',
  'attempt.forgetBackend',

  // cut
  'cut.read',
  'cut.record',

  // run: opened, gone on with, looked over
  'run.find',
  'run.epoch',
  'run.lock',
  'run.insert',
  'run.own',
  'run.acceptServer',
  'run.close',
  'run.endBackends',
  'run.lockLine',
  'start.record',
  'start.spent',
  'run.totals',
  'run.unfinished',
  'park.lock',
  'park.record',

  // decisions of people, and what pauses a run by itself
  'audit.record',
  'decide.lock',
  'decide.takeBack',
  'decide.rerun',
  'decide.skip',
  'decide.pause',
  'decide.resume',
  'decide.concurrency',
  'hold.record',
  'abandon.find',
  'abandon.read',

  // sweep: stage tables that nobody reads again
  'sweep.abandoned',
  'sweep.ofRun',
  'sweep.patience',
  'sweep.drop',

  // source: sessions, identity, keys, counts, rows
  'source.session',
  'source.kill',
  'source.reach',
  'source.identity',
  'source.sha1',
  'source.boundKey',
  'source.countTable',
  'source.countPage',
  'source.lastKey',
  'source.columns',
  'source.columnTypes',
  'source.isolation',
  'source.snapshot',
  'source.count',
  'source.read',
  'source.sum',
  'source.hashes',

  // target: identity, rows, the zone's calendar
  'target.reach',
  'target.identity',
  'target.count',
  'target.transitions',

  // stage
  'stage.list',
  'stage.drop',
  'stage.known',
  'stage.count',
  'stage.tableKnown',
  'stage.tableCount',
  'stage.seal',
  'stage.smallStatistics',
  'stage.analyze',

  // extract
  'extract.createStage',
  'extract.copy',
  'extract.smallStatistics',
  'extract.analyze',
  'extract.usualStatistics',
  'extract.record',

  // references: mapCases, mapActors
  'references.drop',
  'references.probe',
  'references.bounds',
  'references.answer',
  'references.count',

  // transform
  'transform.drop',
  'transform.unfit',
  'transform.forgetUnfit',
  'transform.cascade',
  'transform.count',

  // load
  'load.forgetQuarantine',
  'load.forgetLookups',
  'load.forgetFindings',
  'load.immediate',
  'load.savepoint',
  'load.release',
  'load.rollbackTo',
  'load.releaseFailed',
  'load.bounds',
  'load.isolate',
  'load.takeUp',
  'load.countFit',
  'load.isFresh',
  'load.insertFresh',
  'load.recordFresh',
  'load.changes',
  'load.deleted',
  'load.lockRows',
  'load.beforeImages',
  'load.kept',
  'load.write',
  'load.recordKeys',
  'load.dropChanges',
  'load.replayed',
  'load.quarantine',
  'load.occurrences',
  'load.lookups',
  'load.quarantineImages',
  'load.imagesOfGone',
  'gone.keys',
  'gone.lock',
  'gone.absent',
  'gone.rowSecurity',
  'gone.referrers',
  'gone.rows',
  'gone.kept',
  'gone.beforeImages',
  'gone.take',
  'gone.drop',
  'load.settleGone',
  'load.settle',
  'load.record',

  // validate
  'validate.forget',
  'validate.sum',
  'validate.dropEarlier',
  'validate.create',
  'validate.copy',
  'validate.findings',
  'validate.count',
  'validate.drop',
  'validate.record',

  // checks over the whole table
  'checks.lock',
  'checks.forget',
  'checks.store',

  ...VERIFICATION,

  ...SOME_ROWS,

  ...UNDO,
  ...QUARANTINE,

  // finish
  'finish.lock',
  'finish.balance',
  'finish.checks',
  'finish.close',

  ...REPORT,

  // status: what people read of the ledger
  'status.runs',
  'status.batches',
  'status.setAside',
  'status.vainStarts',
  'status.batchList',
  'status.decisions',
  'status.startList',

  // metrics: what a monitor is told
  'metrics.limits',
  'metrics.runs',
  'metrics.batches',
  'metrics.rows',
  'metrics.quarantine',
  'metrics.starts',

  // baseline
  'baseline.insert',
  'baseline.sources',
  'baseline.compare',

  ...PREFLIGHT,

  ...FORECAST,

  ...GAPS,
] as const;

/** Transactions of the target; each has the points `<name>.begin`, `<name>.commit` and `<name>.rollback`. */
export const TRANSACTIONS = [
  'run.open',
  'decide',
  'park',
  'hold',
  'abandon',
  'sweep',
  'extract',
  'references',
  'transform',
  'take',
  'undo',
  'load',
  'validate.equal',
  'validate.differing',
  'validate',
  'verify.plan',
  'verify.finish',
  'verify',
  'verify.check',
  'verify.ids',
  'accept',
  'dismiss',
  'purge',
  'quarantine.show',
  'quarantine.export',
  'checks',
  'finish',
  'report.ledger',
  'report.target',
  'metrics',
  'baseline',
  'schedule',
  'forecast.sweep',
] as const;

export type Transaction = (typeof TRANSACTIONS)[number];

const BOUNDARIES = ['begin', 'commit', 'rollback'] as const;

export type Point = (typeof STATEMENTS)[number] | `${Transaction}.${(typeof BOUNDARIES)[number]}`;

/** Every point, for whoever goes through all of them. */
export const POINTS: readonly Point[] = [
  ...STATEMENTS,
  ...TRANSACTIONS.flatMap((name) => BOUNDARIES.map((boundary) => `${name}.${boundary}` as const)),
];
