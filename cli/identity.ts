/** How Temporal records whoever sends from this command line: the audit says it back. */
import { hostname, userInfo } from 'node:os';

/** `carryover anna@bastion` */
export function identity(): string {
  return `carryover ${userName()}@${hostname()}`;
}

/** A container may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
