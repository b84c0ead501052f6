/** The sample with a worker and the command line, and the schedules that a test makes: deleted in the end. */
import { randomUUID } from 'node:crypto';
import type { ScheduleDescription, ScheduleHandle } from '@temporalio/client';
import { eventually } from '../support/engine';
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';

/** Flags of a schedule that starts nothing by itself while a test runs. */
export const NIGHTLY = [
  ...['--type', 'migrate', '--migration', 'case-states'],
  ...['--cron', '15 2 * * *', '--zone', 'Europe/Berlin'],
];

export interface ListedSchedule {
  readonly name: string;
  readonly paused: boolean;
  readonly note: string | null;
  readonly last: readonly { readonly outcome: string }[];
}

interface DecisionLine {
  readonly verb: string;
  readonly claimed: string | null;
  readonly reason: string | null;
  readonly changed: string | null;
}

export interface ScheduleRig extends Clinic {
  /** A name that no other test has; whatever has it is deleted in the end. */
  nameOf(what: string): string;
  handle(name: string): ScheduleHandle;
  describe(name: string): Promise<ScheduleDescription>;
  exists(name: string): Promise<boolean>;
  /** The schedule as `list` tells it. */
  listed(name: string): Promise<ListedSchedule | undefined>;
  /** What the audit holds of it. */
  decisions(name: string): Promise<DecisionLine[]>;
  /** Waits for the end of so many starts; the outcome of the last as `list` tells it. */
  ended(name: string, starts: number): Promise<string>;
}

export async function openScheduleRig(rows: number): Promise<ScheduleRig> {
  const clinic = await openClinic(rows);
  const made = new Set<string>();
  const handle = (name: string): ScheduleHandle => clinic.temporal.client.schedule.getHandle(name);
  const rig: ScheduleRig = {
    ...clinic,
    nameOf: (what) => {
      const name = `${what}-${randomUUID().slice(0, 8)}`;
      made.add(name);
      return name;
    },
    handle,
    describe: (name) => handle(name).describe(),
    exists: (name) =>
      handle(name)
        .describe()
        .then(
          () => true,
          () => false,
        ),
    listed: async (name) => {
      const { schedules } = (await clinic.say('schedule', 'list', '--json')).json<{ schedules: ListedSchedule[] }>();
      return schedules.find((one) => one.name === name);
    },
    decisions: (name) =>
      clinic.engine.onTarget(
        `SELECT verb, claimed_by AS claimed, reason, details->>'changed' AS changed FROM carryover.audit
         WHERE details->>'schedule' = $1 AND migration = 'case-states' ORDER BY audit_id`,
        [name],
      ),
    ended: async (name, starts) => {
      let outcome = '';
      await eventually(`the end of start ${starts} of ${name}`, async () => {
        const { info } = await rig.describe(name);
        if (info.numActionsTaken < starts || info.runningActions.length > 0) return false;
        outcome = (await rig.listed(name))!.last.at(-1)!.outcome;
        return outcome !== 'running';
      });
      return outcome;
    },
    close: async () => {
      for (const name of made) await handle(name).delete().catch(() => undefined); // prettier-ignore
      await clinic.close();
    },
  };
  return rig;
}
