/** A Temporal of its own that suggests a new history after a few events: the group's server does so after thousands. */
import { startOwnTemporal } from './own-temporal';
import type { OwnTemporal } from './own-temporal';

export type { OwnTemporal } from './own-temporal';

/** @param events after which the server suggests to continue as new */
export const startSmallHistoryServer = (events: number): Promise<OwnTemporal> => startOwnTemporal({ events });
