import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readJsonIfThere, writePrivate } from '../files.mjs';

/** What must be known again at the next start: ports, passwords, where the data is. Only its owner can read it. */
export function openState(home) {
  const file = join(home, 'private.json');
  const state = readJsonIfThere(file) ?? {};
  return {
    get: (server) => state[server] ?? {},
    set(server, values) {
      state[server] = { ...state[server], ...values };
      writePrivate(file, `${JSON.stringify(state, null, 2)}\n`);
    },
    forget(server) {
      delete state[server];
      writePrivate(file, `${JSON.stringify(state, null, 2)}\n`);
    },
  };
}

/** Letters and digits only: it needs no quoting in URLs, SQL and option files. */
export function newPassword() {
  return randomBytes(18).toString('base64url').replace(/[-_]/g, 'x');
}
