import { join } from 'node:path';
import { writePrivate } from '../files.mjs';

// Both clients read a password from a file: a command line can be seen by everybody on the machine.
const MARIADB = 'mariadb-client.cnf';
const POSTGRES = 'pgpass';

/** Writes the files from which `mariadb` and `psql` take the logins. */
export function writeClientFiles(home, { source, target }) {
  const from = parts(source.url);
  const to = parts(target.url);
  const quoted = from.password.replace(/["\\]/g, '\\$&');
  writePrivate(
    join(home, MARIADB),
    `[client]\nhost=${from.host}\nport=${from.port || 3306}\nuser=${from.user}\npassword="${quoted}"\nprotocol=tcp\n`,
  );
  const field = (text) => text.replace(/[:\\]/g, '\\$&');
  writePrivate(
    join(home, POSTGRES),
    `${[to.host, to.port || 5432, '*', to.user, to.password].map(String).map(field).join(':')}\n`,
  );
}

/** Command lines to paste; the logins stay in the files. */
export function clientCommands(home, { source, target }) {
  const from = parts(source.url);
  const to = parts(target.url);
  return {
    source: `mariadb --defaults-extra-file='${join(home, MARIADB)}' ${from.database}`,
    target: `PGPASSFILE='${join(home, POSTGRES)}' psql -h ${to.host} -p ${to.port || 5432} -U ${to.user} ${to.database}`,
  };
}

function parts(url) {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  };
}
