import type {
  BatchRef,
  ExtractResult,
  LoadResult,
  LookupResult,
  StagedBatchRef,
  TransformResult,
  ValidateResult,
} from '../shared/messages';
import type { Dependencies } from './dependencies';
import { guarded } from './guarded';

/** The six steps of a batch, in the order in which the workflow runs them. */
export const createSteps = ({ mappings, steps }: Pick<Dependencies, 'mappings' | 'steps'>) => ({
  /** Streams the batch's range from the source into the stage. */
  extract: (ref: BatchRef): Promise<ExtractResult> =>
    guarded((signal) => steps.extract(mappings.get(ref.migration), ref, signal), ref.batch),

  /** Resolves the references to business records. */
  mapCases: (ref: StagedBatchRef): Promise<LookupResult> =>
    guarded((signal) => steps.mapCases(mappings.get(ref.migration), ref, signal), ref.batch),

  /** Resolves the references to people. */
  mapActors: (ref: StagedBatchRef): Promise<LookupResult> =>
    guarded((signal) => steps.mapActors(mappings.get(ref.migration), ref, signal), ref.batch),

  /** Decides each row's fate; rows that are unfit get every reason that applies. */
  transform: (ref: StagedBatchRef): Promise<TransformResult> =>
    guarded((signal) => steps.transform(mappings.get(ref.migration), ref, signal), ref.batch),

  /** Writes target, quarantine and ledger in one transaction. */
  load: (ref: StagedBatchRef): Promise<LoadResult> =>
    guarded((signal) => steps.load(mappings.get(ref.migration), ref, signal), ref.batch),

  /** Takes back what a batch of an earlier run did. */
  undo: (ref: BatchRef): Promise<LoadResult> =>
    guarded((signal) => steps.undo(mappings.get(ref.migration), ref, signal), ref.batch),

  /** Reads the range again on both servers and compares it by checksum. */
  validate: (ref: BatchRef): Promise<ValidateResult> =>
    guarded((signal) => steps.validate(mappings.get(ref.migration), ref, signal), ref.batch),
});
