/** Imported first by the main file: on an older Node the other imports would fail with a message nobody can read. */
const OLDEST = [20, 12] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `Carryover needs Node ${OLDEST.join('.')} or newer; this is ${process.versions.node}. Install a newer one, e.g. with "nvm install 22".\n`,
  );
  process.exit(1);
}

export {};
