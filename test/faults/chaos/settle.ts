/** Brings a run to its end once nothing befalls it any more, as a person on call would, and knows when it is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from '../rig/lane';
import { sayError } from './actions';
import type { Person } from './person';

interface Newest {
  readonly state: string;
  readonly verdict: string | null;
  readonly undone: number;
}

const NEWEST = `
SELECT r.state, r.verdict, (SELECT count(*)::int FROM carryover.batches b
  WHERE b.run_id = r.run_id AND b.state <> 'validated') AS undone
FROM carryover.runs r ORDER BY run_id DESC LIMIT 1`;

/**
 * Resumes, retries, takes back and starts again until the migration is proven and nothing is left out.
 *
 * @param patience milliseconds from the last fault on
 * @param note told what it does, step by step
 * @throws where it does not come to its end in time, with how the run stands
 */
export async function settle(
  lane: Lane,
  person: Person,
  patience: number,
  note: (line: string) => void,
): Promise<void> {
  const deadline = Date.now() + patience;
  let stands = 'nothing is known of it';
  while (Date.now() < deadline) {
    try {
      const id = await person.current();
      if (id === null) {
        const [newest] = await lane.onTarget<Newest>(NEWEST);
        if (newest?.state === 'finished') {
          if (!newest.verdict?.startsWith('proven')) throw new NotProven(newest.verdict);
          if (newest.undone === 0) return;
        }
        note('start');
        await person.start();
      } else {
        const { state, pauseCause, parked, skipped } = await person.status(id);
        stands = `${id} is ${state}, paused: ${pauseCause ?? 'no'}, parked: ${parked.length}, skipped: ${skipped.length}`;
        const aside = [...parked.map(({ batch }) => batch), ...skipped];
        if (aside.length > 0) {
          note('retryBatch');
          await person.send(id, 'retryBatch', { batch: aside, reason: 'after the chaos' });
        }
        if (pauseCause !== null) {
          note('resume');
          await person.send(id, 'resume', { maxParked: 100 });
        }
      }
    } catch (error) {
      if (error instanceof NotProven || error instanceof TypeError) throw error;
      // Refused, since it has changed meanwhile; or no answer: asked again.
      note(`not taken: ${sayError(error)}`);
    }
    await sleep(200);
  }
  throw new Error(`it did not end within ${patience / 1000} s of the last fault: ${stands}`);
}

class NotProven extends Error {
  constructor(verdict: string | null) {
    super(`its last run ended as ${verdict}`);
  }
}
