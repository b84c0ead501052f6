import { namedColumns, referencesOf, type Mapping } from '../../mappings/mapping';
import type { ReferenceFacts, ReportFacts } from '../../report/facts';
import { CarryoverError } from '../../shared/errors';
import {
  readBalance,
  readChecks,
  readEstate,
  readOutcomes,
  readParked,
  readQuarantine,
  readRun,
  readSkipped,
  readVerified,
  type RunFacts,
} from './ledger';
import type { Target, TargetQueries } from '../target/session';
import { readDismissed } from './dismissed';
import { inSharedSnapshot } from './query';
import { countAvailable, countStates, countTargetRows, countTransitions, countYears } from './target';

async function readReferences(db: TargetQueries, mapping: Mapping, run: string): Promise<ReferenceFacts[]> {
  const outcomes = await readOutcomes(db, run);
  const facts: ReferenceFacts[] = [];
  for (const { role, reference } of referencesOf(mapping)) {
    const rows = outcomes.get(reference.name);
    facts.push({
      name: reference.name,
      role,
      source: reference.source,
      lookup: reference.lookup.table,
      optional: reference.optional === true,
      policy: reference.missing,
      available: await countAvailable(db, mapping, reference),
      resolved: rows?.get('resolved') ?? 0,
      absent: rows?.get('absent') ?? 0,
      unmapped: rows?.get('unmapped') ?? 0,
      ambiguous: rows?.get('ambiguous') ?? 0,
    });
  }
  return facts;
}

async function readRunOf(db: TargetQueries, mapping: Mapping, run: string): Promise<RunFacts> {
  const facts = /^[0-9]{1,18}$/.test(run) ? await readRun(db, run) : null;
  if (facts?.migration === mapping.name) return facts;
  throw new CarryoverError('InputRefused', `The ledger holds no run ${JSON.stringify(run)} of ${mapping.name}.`);
}

/**
 * Reads all figures of a run's report from ledger and target, in one snapshot. Everything is aggregated by the server:
 * what comes over is a few hundred lines, whatever the table holds.
 *
 * @param run id of the run in the ledger; it may still be open, as the report is a part of it
 * @throws CarryoverError `InputRefused` where the ledger holds no such run of this mapping
 */
export async function readReportFacts(target: Target, mapping: Mapping, run: string): Promise<ReportFacts> {
  const [ledger, grouped] = await inSharedSnapshot(
    target,
    (db) => readLedger(db, mapping, run),
    // What reads whole tables by rows goes on a connection of its own.
    async (db) => ({
      states: await countStates(db, mapping),
      years: await countYears(db, mapping),
      transitions: await countTransitions(db, mapping),
    }),
  );
  return { ...ledger, ...grouped };
}

/** Codes that the mapping lists for the column by which the quarantine is shown. */
function codesOf(mapping: Mapping): string[] {
  const spec = mapping.columns.find((rule) => rule.source === mapping.report.status)?.convert;
  return spec?.kind === 'code' ? Object.keys(spec.codes) : [];
}

type Grouped = 'states' | 'years' | 'transitions';

async function readLedger(db: TargetQueries, mapping: Mapping, run: string): Promise<Omit<ReportFacts, Grouped>> {
  const { startedAt, finishedAt, sourceRows, targetRowsBefore, again } = await readRunOf(db, mapping, run);
  const statusColumn = mapping.report.status ?? null;
  return {
    migration: mapping.name,
    domain: mapping.domain,
    run,
    startedAt,
    finishedAt,
    source: { table: mapping.source.table, rows: sourceRows, zone: mapping.time.zone },
    target: {
      schema: mapping.target.schema,
      table: mapping.target.table,
      rowsBefore: targetRowsBefore,
      rowsAfter: await countTargetRows(db, mapping),
    },
    ...(await readBalance(db, run)),
    parked: await readParked(db, run),
    skipped: await readSkipped(db, run),
    dismissed: await readDismissed(db, run),
    references: await readReferences(db, mapping, run),
    statusColumn,
    quarantine: await readQuarantine(db, run, statusColumn, codesOf(mapping), again !== null),
    checks: await readChecks(db, run),
    verification: await readVerified(db, run, namedColumns(mapping).length),
    again,
    estate: await readEstate(db, run, mapping.name),
  };
}
