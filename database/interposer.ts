/** Where a statement can be held up or broken by whoever opened the connections: the tests of what dies in between. */
import type { Point } from './points';
import { classified } from './sql-errors';
import type { Side } from './sql-errors';

/**
 * Called before a statement is sent and after it has succeeded; the statement, or what follows it, waits for the answer.
 * What it throws takes the place of the statement's own error.
 */
export type Interposer = (point: Point, moment: 'before' | 'after') => void | Promise<void>;

/** Sends a statement past its point. */
export type Passage = <T>(point: Point, send: () => Promise<T>) => Promise<T>;

/** Every statement of one side goes through here, and every error of its driver becomes ours here. */
export function passage(side: Side, interposer?: Interposer): Passage {
  if (interposer === undefined) return (_point, send) => classified(side, send());
  const held = async <T>(point: Point, send: () => Promise<T>): Promise<T> => {
    await interposer(point, 'before');
    const answer = await send();
    await interposer(point, 'after');
    return answer;
  };
  return (point, send) => classified(side, held(point, send));
}
