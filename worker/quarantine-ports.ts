/** Fills the port of decisions about the quarantine from `database/`: nothing but wiring. */
import type { Quarantine } from '../activities/dependencies';
import { decideRows } from '../database/quarantine/decide';
import { purgeValues } from '../database/quarantine/purge';
import type { Target } from '../database/target/session';
import type { Temporal } from './temporal';

export interface QuarantineParts {
  readonly target: Target;
  readonly temporal: Pick<Temporal, 'identityOfStart'>;
}

export const createQuarantine = ({ target, temporal }: QuarantineParts): Quarantine => ({
  decide: async (decision, choice, { workflow, workflowRun }) => {
    const who = await temporal.identityOfStart(workflow, workflowRun);
    return decideRows(target, decision, choice, { workflow, workflowRun, who });
  },
  purge: async (input, { workflow, workflowRun }) => {
    const who = await temporal.identityOfStart(workflow, workflowRun);
    return purgeValues(target, input, { workflow, workflowRun, who });
  },
});
