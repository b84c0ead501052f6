/** Functions that not every source server has. */
import { CarryoverError } from '../../shared/errors';
import type { Source } from './open-source';

const ABSENT = ['ER_SP_DOES_NOT_EXIST', '1305'];

const known = new WeakMap<Source, Promise<boolean>>();

/** Whether the server computes SHA-1: MySQL from 9.6 on does not. Asked once for each pool of connections. */
export function hasSha1(source: Source): Promise<boolean> {
  const asked = known.get(source) ?? ask(source);
  known.set(source, asked);
  // What could not be asked is asked again.
  asked.catch(() => known.delete(source));
  return asked;
}

async function ask(source: Source): Promise<boolean> {
  try {
    await source.query('source.sha1', "SELECT SHA1('')");
    return true;
  } catch (error) {
    if (error instanceof CarryoverError && ABSENT.includes(error.code ?? '')) return false;
    throw error;
  }
}
