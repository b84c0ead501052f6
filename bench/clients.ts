/** The command line clients that the floors are made of, and their logins: in files, since arguments can be seen. */
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface Clients {
  /** `mariadb` or `mysql`, with its arguments up to the database. */
  readonly source: { readonly command: string; readonly args: readonly string[] };
  /** `psql`, its arguments, and the file with its password; null where there is no psql. */
  readonly target: { readonly command: string; readonly args: readonly string[]; readonly passFile: string } | null;
  readonly remove: () => void;
}

function onPath(path: string, name: string): string | undefined {
  return path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Finds the clients and writes their logins into a folder that `remove` removes, or else the end of the process.
 *
 * @param path the variable PATH
 */
export function findClients(path: string, sourceUrl: string, targetUrl: string): Clients {
  const mariadb = onPath(path, 'mariadb') ?? onPath(path, 'mysql');
  if (mariadb === undefined) {
    throw new Error('The floors need a client of the source, and neither mariadb nor mysql is on PATH.');
  }
  const psql = onPath(path, 'psql');
  const folder = mkdtempSync(join(tmpdir(), 'carryover-bench-'));
  const remove = (): void => {
    process.removeListener('exit', remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  const from = parts(sourceUrl);
  const to = parts(targetUrl);
  const optionFile = join(folder, 'client.cnf');
  const passFile = join(folder, 'pgpass');
  const quoted = from.password.replace(/["\\]/g, '\\$&');
  writeFileSync(
    optionFile,
    `[client]\nhost=${from.host}\nport=${from.port || '3306'}\nuser=${from.user}\npassword="${quoted}"\nprotocol=tcp\n`,
    { mode: 0o600 },
  );
  const field = (text: string): string => text.replace(/[:\\]/g, '\\$&');
  const line = [to.host, to.port || '5432', '*', to.user, to.password].map(field).join(':');
  writeFileSync(passFile, `${line}\n`, { mode: 0o600 });
  return {
    source: {
      command: mariadb,
      // The option file comes first or not at all.
      args: [`--defaults-extra-file=${optionFile}`, '--default-character-set=utf8mb4', from.database],
    },
    target:
      psql === undefined
        ? null
        : {
            command: psql,
            args: ['-X', '-q', '-w', '-h', to.host, '-p', to.port || '5432', '-U', to.user, '-d', to.database],
            passFile,
          },
    remove,
  };
}

function parts(text: string) {
  const url = new URL(text);
  return {
    host: url.hostname,
    port: url.port,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}
