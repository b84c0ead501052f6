import { activityInfo } from '@temporalio/activity';
import { CarryoverError, listProblems } from '../shared/errors';
import type { Checked } from '../shared/input-object';
import { checkPurgeInput, checkRowChoice } from '../shared/quarantine-input';
import type { QuarantineDecision } from '../shared/quarantine-input';
import type { Dependencies } from './dependencies';
import { guarded } from './guarded';

export interface QuarantineRequest {
  readonly decision: QuarantineDecision;
  /** Whatever the workflow was started with. */
  readonly input: unknown;
  /** Run id of the first run of the workflow's chain: it knows who started it. */
  readonly firstRun: string;
}

const NOTHING: Readonly<Record<QuarantineDecision, string>> = {
  dismiss: 'Nothing was dismissed:',
  restore: 'Nothing was restored:',
  purge: 'Nothing was purged:',
};

/** Decisions about rows in quarantine, with whoever started the workflow. */
export const createQuarantine = ({ mappings, quarantine }: Pick<Dependencies, 'mappings' | 'quarantine'>) => ({
  /** Carries a decision out, once, however often it is delivered; returns what was done, in words. */
  decideQuarantine: ({ decision, input, firstRun }: QuarantineRequest): Promise<string> =>
    guarded(() => {
      const require = <T>({ input: checked, problems }: Checked<T>): T => {
        if (checked !== null) return checked;
        throw new CarryoverError('InputRefused', listProblems(NOTHING[decision], problems));
      };
      const courier = { workflow: activityInfo().workflowExecution!.workflowId, workflowRun: firstRun };
      const known = mappings.names();
      return decision === 'purge'
        ? quarantine.purge(require(checkPurgeInput(input, known)), courier)
        : quarantine.decide(decision, require(checkRowChoice(decision, input, known)), courier);
    }),
});
