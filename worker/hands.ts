import { sourceIdentity } from '../database/identity';
import type { Hands } from '../database/ledger/attempts';
import type { Source } from '../database/source/open-source';
import { fingerprint } from '../mappings/fingerprint';
import type { Mapping } from '../mappings/mapping';

/** What this worker works with. Asked anew for each step: a server behind an address can be exchanged while a worker lives. */
export const handsOf = async (mapping: Mapping, source: Source): Promise<Hands> => ({
  fingerprint: fingerprint(mapping),
  sourceIdentity: await sourceIdentity(source),
});
