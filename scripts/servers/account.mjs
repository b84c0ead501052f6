import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, lchownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The account that a database server runs under: our own, or as root (which the servers refuse) one of these. */
export function serverAccount(names) {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of [...names, 'nobody']) {
    const line = lines.find((fields) => fields[0] === name);
    if (line) return { name, uid: Number(line[2]), gid: Number(line[3]) };
  }
  return undefined;
}

/** Asks the system, as that account, whether it can do this with the path: parents' modes and ACLs included. */
export function accountCan(account, flag, path) {
  if (!account) return true;
  const test = ['/usr/bin/test', '/bin/test'].find(existsSync);
  return spawnSync(test, [flag, path], { uid: account.uid, gid: account.gid, cwd: '/' }).status === 0;
}

/**
 * A folder for the server's data: the one of last time, else below home, else (when home lies where the server's account
 * cannot go, such as below a closed home folder) in the system's folder for temporary files.
 */
export function dataFolder(home, name, account, known) {
  if (known && existsSync(known)) return known;
  const folder = join(home, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  giveTo(account, folder);
  if (accountCan(account, '-w', folder)) return folder;
  const elsewhere = mkdtempSync(join(tmpdir(), `carryover-${name}-`));
  giveTo(account, elsewhere);
  return elsewhere;
}

export function giveTo(account, path) {
  if (account) chownSync(path, account.uid, account.gid);
}

/** Gives a whole tree to the account. */
export function giveTreeTo(account, folder) {
  if (!account) return;
  for (const name of ['', ...readdirSync(folder, { recursive: true })]) {
    lchownSync(join(folder, name), account.uid, account.gid);
  }
}
