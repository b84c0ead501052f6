/** Fills the ports of the activities from `database/` and `report/`: nothing but wiring. */
import type { Dependencies, Mappings, Runs, Steps } from '../activities/dependencies';
import { countTarget, sourceIdentity, targetIdentity } from '../database/identity';
import { abandonRun } from '../database/ledger/abandon-run';
import { withAttempt } from '../database/ledger/attempts';
import type { Attempt } from '../database/ledger/attempts';
import { cutBatch, parkBatch, readRemaining } from '../database/ledger/batches';
import { holdRun, takeDecision } from '../database/ledger/decisions';
import { requireOwnRun } from '../database/ledger/epoch';
import { finishRun, storeChecks } from '../database/ledger/finish-run';
import { finishVerification } from '../database/ledger/finish-verification';
import { openRun } from '../database/ledger/open-run';
import { recordStart } from '../database/ledger/starts';
import { sweepForecasts } from '../database/forecast/sweep';
import { runPreflight } from '../database/preflight/run-preflight';
import { readReportFacts } from '../database/report/read';
import { dateReport, saveReport } from '../database/report/store';
import { readBounds } from '../database/source/keys';
import type { Source } from '../database/source/open-source';
import { columnTypes } from '../database/source/table-columns';
import { extractBatch } from '../database/target/extract';
import { loadBatch } from '../database/target/load';
import { quotePgTable } from '../database/target/quote';
import { resolveReferences } from '../database/target/references';
import type { Target } from '../database/target/session';
import { releaseRun, sweepAbandoned } from '../database/target/sweep';
import { transformRows } from '../database/target/transform';
import { undoBatch } from '../database/target/undo';
import { validateBatch } from '../database/target/validate';
import type { Catalog } from '../mappings/catalog';
import { fingerprint } from '../mappings/fingerprint';
import { isSelfReference, referencesOf } from '../mappings/mapping';
import type { Mapping } from '../mappings/mapping';
import { buildReport } from '../report/model';
import type { Report } from '../report/model';
import { writeReport } from '../report/write';
import { CarryoverError } from '../shared/errors';
import { CONCURRENCY } from '../shared/input';
import type { BatchRef } from '../shared/messages';
import { createForecasts } from './forecast-ports';
import { handsOf } from './hands';
import { createQuarantine } from './quarantine-ports';
import type { Temporal } from './temporal';
import { rememberTransitionDays } from './timed';
import type { Timed } from './timed';
import { createVerifications } from './verification-ports';

export interface Parts {
  readonly source: Source;
  readonly target: Target;
  readonly temporal: Temporal;
  readonly catalog: Catalog;
  readonly reportsDir: string;
  /** Named in preflight's sentences, without their passwords. */
  readonly sourceUrl: string;
  readonly targetUrl: string;
}

export function createPorts(parts: Parts): Dependencies {
  const timed = rememberTransitionDays(parts.target);
  return {
    mappings: createMappings(parts.catalog),
    runs: createRuns(parts),
    steps: createSteps(parts, timed),
    verifications: createVerifications(parts, timed),
    forecasts: createForecasts(parts, timed),
    quarantine: createQuarantine(parts),
  };
}

/** A batch of a mapping that this worker does not know is for a newer worker: it may take it at the next attempt. */
function createMappings(catalog: Catalog): Mappings {
  return {
    names: () => catalog.names(),
    get: (name) => {
      if (catalog.names().includes(name)) return catalog.get(name);
      throw new CarryoverError('MappingUnknownHere', `this worker knows no mapping ${name}; a newer worker may`);
    },
  };
}

function createRuns({ source, target, temporal, reportsDir, sourceUrl, targetUrl }: Parts): Runs {
  const draft = async (mapping: Mapping, run: string, epoch: number): Promise<Report> => {
    await requireOwnRun(target, run, epoch);
    const report = buildReport(await readReportFacts(target, mapping, run));
    await saveReport(target, report);
    return report;
  };
  return {
    preflight: async (mapping) => {
      const [{ problems, lost }, missing] = await Promise.all([
        runPreflight({ source, target, mapping, sourceUrl, targetUrl }),
        temporal.missingSearchAttributes(),
      ]);
      // A server that is away comes back: the start waits for it, as every step does.
      if (lost !== undefined) throw lost;
      if (missing.length === 0) return problems;
      const names = missing.join(', ');
      return [
        ...problems,
        `Search attributes are not registered in the namespace under these types: ${names}. Run \`carryover setup\`.`,
      ];
    },
    open: async (mapping, mode, input, given, starter) => {
      const [cluster, from, to, sourceColumns] = await Promise.all([
        temporal.clusterId(),
        sourceIdentity(source),
        targetIdentity(target),
        columnTypes(source, mapping.source.table),
      ]);
      const footing = {
        mapping,
        fingerprint: fingerprint(mapping),
        sourceColumns,
        sourceIdentity: from,
        targetIdentity: to,
      };
      const planned = await openRun(target, {
        mode,
        verification: input.verification ?? null,
        reasons: input.reasons ?? null,
        owner: { cluster, ...starter },
        input,
        given,
        footing,
        isAlive: temporal.isRunning,
        who: () => temporal.identityOfStart(starter.workflow, starter.firstRun),
        describe: async () => {
          // A run that takes some rows again has no bounds: its keys stand in the ledger.
          const bounds = mode === 'full' ? await readBounds(source, mapping) : { lower: null, upper: null, rows: 0 };
          return {
            ...footing,
            input,
            // A row may point to one of an earlier batch, so these must be done one after the other.
            concurrencyLimit: pointsToItself(mapping) ? 1 : CONCURRENCY.high,
            lower: bounds.lower,
            upper: bounds.upper,
            estimatedRows: bounds.rows,
            targetRowsBefore: await countTarget(target, quotePgTable(mapping.target.schema, mapping.target.table)),
          };
        },
      });
      await sweepAbandoned(target);
      await sweepForecasts(target);
      return planned;
    },
    vain: async (migration, outcome, cause, starter) => {
      const cluster = await temporal.clusterId();
      await recordStart(target, migration, { cluster, ...starter }, outcome, null, cause);
    },
    decide: async (decision, { workflow, workflowRun }) => {
      const who = await temporal.identityOfUpdate(workflow, workflowRun, decision.update);
      await takeDecision(target, decision, { who, workflow });
      // After it is written down: the workflow that is cancelled here is the one that asked.
      if (decision.verb === 'cancel') await temporal.cancel(workflow, workflowRun);
    },
    hold: (hold) => holdRun(target, hold),
    release: (run, epoch) => releaseRun(target, run, epoch),
    abandon: async (input, starter) => {
      const [cluster, who] = await Promise.all([
        temporal.clusterId(),
        temporal.identityOfStart(starter.workflow, starter.firstRun),
      ]);
      const said = await abandonRun(target, input, { cluster, ...starter }, who, temporal.isRunning);
      await sweepAbandoned(target);
      return said;
    },
    remaining: (run, epoch, limit) => readRemaining(target, run, epoch, limit),
    cut: async (mapping, ref) => cutBatch(target, source, mapping, ref, await handsOf(mapping, source)),
    park: (ref, cause) => parkBatch(target, ref, cause),
    check: async ({ run, epoch, verification }) => {
      await finishVerification(target, verification);
      await storeChecks(target, run, epoch, verification);
    },
    finish: (run, epoch) => finishRun(target, run, epoch),
    draft,
    report: async (mapping, run, epoch) => {
      await requireOwnRun(target, run, epoch);
      const report = (await dateReport(target, mapping.name, run)) ?? (await draft(mapping, run, epoch));
      try {
        return (await writeReport(reportsDir, report)).markdown;
      } catch (error) {
        // The ledger has the report: that its copy cannot be written is said, and is no reason to fail the run.
        const { code } = error as NodeJS.ErrnoException;
        return `not written to ${reportsDir} (${code ?? 'unknown'}): see to CARRYOVER_REPORTS_DIR; \`carryover report ${run}\` prints it`;
      }
    },
  };
}

const pointsToItself = (mapping: Mapping): boolean =>
  referencesOf(mapping).some(({ reference }) => isSelfReference(mapping, reference));

function createSteps({ source, target }: Parts, timed: Timed): Steps {
  const attempt = async <T>(
    mapping: Mapping,
    ref: BatchRef,
    step: string,
    signal: AbortSignal,
    work: (attempt: Attempt) => Promise<T>,
  ) => withAttempt(target, ref, step, signal, await handsOf(mapping, source), work);
  return {
    extract: (mapping, ref, signal) =>
      attempt(mapping, ref, 'extract', signal, (a) => extractBatch(a, source, mapping, signal)),
    mapCases: (mapping, ref, signal) =>
      attempt(mapping, ref, 'mapCases', signal, (a) => resolveReferences(a, mapping, 'case', ref)),
    mapActors: (mapping, ref, signal) =>
      attempt(mapping, ref, 'mapActors', signal, (a) => resolveReferences(a, mapping, 'actor', ref)),
    transform: (mapping, ref, signal) =>
      attempt(mapping, ref, 'transform', signal, async (a) => transformRows(a, await timed(mapping), ref)),
    load: (mapping, ref, signal) =>
      attempt(mapping, ref, 'load', signal, async (a) => loadBatch(a, await timed(mapping), ref)),
    undo: (mapping, ref, signal) =>
      attempt(mapping, ref, 'undo', signal, async (a) => undoBatch(a, await timed(mapping), ref)),
    validate: (mapping, ref, signal) =>
      attempt(mapping, ref, 'validate', signal, async (a) => validateBatch(a, source, await timed(mapping), signal)),
  };
}
