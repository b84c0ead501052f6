/** Every statement goes past its point: the drivers' own calls are counted beside what the interposer is told. */
import mysql from 'mysql2';
import { Client } from 'pg';
import { findGaps } from '../../database/gaps/find-gaps';
import { importBaseline } from '../../database/ledger/baseline';
import { readDecisions, readStarts } from '../../database/ledger/read-audit';
import { readBatches } from '../../database/ledger/read-batches';
import { readMetrics } from '../../database/ledger/read-metrics';
import { readLatestRuns } from '../../database/ledger/read-status';
import { readFindings, readVerification } from '../../database/ledger/read-verification';
import { POINTS } from '../../database/points';
import type { Point } from '../../database/points';
import { runPreflight } from '../../database/preflight/run-preflight';
import { reachTarget } from '../../database/target/reach';
import { readLatestReport, readStoredReport } from '../../database/report/store';
import { reachSource } from '../../database/source/reach';
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import { createCatalog } from '../../mappings/catalog';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import { createEngine, eventually, migrate, openRun, refOf, refusal } from '../support/engine';
import type { Engine, Migrated } from '../support/engine';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { verifyAll } from '../support/verification';

let engine: Engine;
let held: Engine;

/** What the interposer was told, in order. */
const told: [Point, 'before' | 'after'][] = [];
const passed = (moment: 'before' | 'after'): Point[] => told.filter(([, at]) => at === moment).map(([point]) => point);

/** Throws at a point where a test says so. */
let broken: ((point: Point, moment: 'before' | 'after') => void) | undefined;

const interpose = async (point: Point, moment: 'before' | 'after'): Promise<void> => {
  told.push([point, moment]);
  broken?.(point, moment);
  await Promise.resolve();
};

beforeAll(async () => {
  engine = await createEngine({
    sample: { rows: 200, dirty: true },
    catalog: createCatalog([caseStates, messages, departments]),
  });
  await createDepartmentTables(engine);
  // What the target refuses is a statement that fails, and so is told of before alone.
  await engine.onTarget('ALTER TABLE messages DROP CONSTRAINT messages_due_this_century');
  held = engine.as(openSource(engine.sourceUrl, 4, interpose), openTarget(engine.targetUrl, 12, interpose));
});

beforeEach(() => {
  told.length = 0;
  broken = undefined;
});

afterAll(async () => {
  await Promise.all([held?.source.close(), held?.target.end()]);
  await engine?.drop();
});

/** Statements that the drivers sent while `work` ran; it must go through the product's connections alone. */
async function sentWhile(work: () => Promise<unknown>): Promise<number> {
  const base = Object.getPrototypeOf(mysql.Connection.prototype) as Pick<mysql.Connection, 'query'>;
  const spies = [jest.spyOn(Client.prototype, 'query'), jest.spyOn(base, 'query')];
  try {
    await work();
    return spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

async function wholeRun(mapping: Mapping): Promise<Migrated> {
  const done = await migrate(held, mapping, 90);
  await held.ports.runs.remaining(done.plan.run, done.plan.epoch, 10);
  await held.ports.runs.report(mapping, done.plan.run, done.plan.epoch);
  await readStoredReport(held.target, done.plan.run);
  return done;
}

const reached = new Set<Point>();

describe('with an interposer', () => {
  afterEach(() => {
    for (const point of passed('before')) reached.add(point);
  });

  it.each([
    ['case-states', caseStates],
    ['messages', messages],
    ['departments', departments],
  ])('each statement of a run of %s is told before and after', async (_name, mapping) => {
    const sent = await sentWhile(() => wholeRun(mapping));
    expect(sent).toBeGreaterThan(100);
    expect(passed('before')).toHaveLength(sent);
    expect(passed('after').sort()).toEqual(passed('before').sort());
  });

  it('so is each of a run that changes rows, finds some changed by others, and differs', async () => {
    await engine.onTarget(`UPDATE case_states SET notes = 'by another' WHERE legacy_id % 7 = 0`);
    await engine.onSource(`UPDATE dispatch_state SET notes = 'anew' WHERE id % 5 = 0`);
    const sent = await sentWhile(() => wholeRun(caseStates));
    expect(passed('before')).toHaveLength(sent);
    expect(passed('after')).toHaveLength(sent);
  });

  it('so is each of a verification that finds them', async () => {
    const sent = await sentWhile(async () => {
      await verifyAll(held, caseStates);
      const found = await readVerification(held.target, { migration: 'case-states' });
      await readFindings(held.target, found!.verification, null, 10);
    });
    expect(passed('before')).toHaveLength(sent);
    expect(passed('after')).toHaveLength(sent);
  });

  it('so is each of preflight, setup, status and report', async () => {
    const { source, target } = held;
    const mapping = { ...caseStates, source: { ...caseStates.source, where: '`id` > 0' } };
    const lines = [{ table: 'patients', domain: 'patients', sourceRows: 10, records: 9 }];
    const sent = await sentWhile(async () => {
      await reachSource(source);
      await reachTarget(target);
      await runPreflight({ source, target, mapping });
      await importBaseline(target, lines);
      await readLatestRuns(target);
      await findGaps({ source, target }, [mapping]);
      await readBatches(target, '1', ['validated'], 10);
      await readDecisions(target, { run: null, migration: null, limit: 10 });
      await readStarts(target, { run: null, migration: null, limit: 10 });
      await readMetrics(target);
      await readLatestReport(target, null);
    });
    expect(passed('before')).toHaveLength(sent);
    expect(passed('after')).toHaveLength(sent);
  });

  it('a statement that fails is told before, and what the interposer throws takes the place of its error', async () => {
    const plan = await openRun(held, caseStates);
    await held.ports.runs.cut(caseStates, refOf(plan, 1));
    broken = (point, moment) => {
      if (point === 'attempt.drawToken' && moment === 'before') {
        throw Object.assign(new Error('cut off'), { code: 'ECONNRESET' });
      }
    };
    const error = await refusal(held.ports.steps.extract(caseStates, refOf(plan, 1), new AbortController().signal));
    expect([error.type, error.code]).toEqual(['TargetUnavailable', 'ECONNRESET']);
    expect(told.at(-1)).toEqual(['attempt.drawToken', 'before']);
    broken = undefined;
    const failing = held.target.query('target.reach', 'SELECT 1 / 0');
    expect((await refusal(failing)).code).toBe('22012');
    expect(told.at(-1)).toEqual(['target.reach', 'before']);
  });

  it('an answer that is lost after the commit leaves what was committed', async () => {
    const plan = await openRun(held, caseStates);
    broken = (point, moment) => {
      if (point === 'extract.commit' && moment === 'after') throw new Error('the answer is lost');
    };
    const extracting = held.ports.steps.extract(caseStates, refOf(plan, 1), new AbortController().signal);
    await expect(extracting).rejects.toThrow('the answer is lost');
    expect(told.slice(-2)).toEqual([['extract.rollback', 'before'], ['extract.rollback', 'after']]); // prettier-ignore
    const staged = await engine.onTarget(
      'SELECT 1 FROM carryover.batches WHERE run_id = $1 AND extract_token IS NOT NULL',
      [plan.run],
    );
    expect(staged).toHaveLength(1);
  });

  it('so is what ends the statements of a step that is cancelled, and what parks its batch', async () => {
    const plan = await openRun(held, caseStates, {}, { currentRun: 'second' });
    const stop = new AbortController();
    broken = (point, moment) => {
      if (point === 'source.read' && moment === 'before') setImmediate(() => stop.abort());
    };
    await expect(held.ports.steps.extract(caseStates, refOf(plan, 1), stop.signal)).rejects.toThrow();
    await eventually('both servers are told', () =>
      Promise.resolve(['attempt.cancel', 'source.kill'].every((name) => passed('before').includes(name as Point))),
    );
    await held.ports.runs.park(refOf(plan, 1), 'a test');
  });

  it('reaches every point but those of what these runs have not', () => {
    // Decisions of people, repairs, forecasts, starts that find a run open, refused rows, ranges to narrow down, sources without SHA-1 and
    // people's lists have tests of their own.
    const elsewhere = new RegExp(
      '^(decide|accept|skipped|dismiss|purge|quarantine|again|forecast|repair|replay|resync|take|gone|undo|audit|schedule|batches|hold|abandon|sweep|start|status\\.named|' +
        'run\\.(acceptServer|close|endBackends|lockLine|epoch)|load\\.(rollbackTo|releaseFailed|bounds|isolate|takeUp|settle|settleAbsent|settleGone|quarantineGone|imagesOfGone)|preflight\\.targetReferrers|' +
        'verify\\.(splitKey|keySpan|ids|openIds|fetchIds|nameIds|nameErased)|session\\.cancel)(\\.|$)',
    );
    const missing = POINTS.filter(
      (point) => !reached.has(point) && !point.endsWith('.rollback') && !elsewhere.test(point),
    );
    // Only a reference to the own table that may be missing has rows to forget.
    expect(missing).toEqual(['transform.forgetUnfit']);
  });
});
