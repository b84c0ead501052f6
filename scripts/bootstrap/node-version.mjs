// Imported first by every entry: syntax that older Nodes know, no import, so that they get as far as this message.
const WANTED = [20, 12];

/** The sentence for a Node that is too old, or undefined for one that will do. */
export function nodeProblem(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  if (major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])) return undefined;
  return (
    `Carryover needs Node ${WANTED.join('.')} or newer, this is ${version} (${process.execPath}).\n` +
    'Install Node 20, 22 or 24, with a version manager for example: `nvm install 22 && nvm use 22`, or `fnm use 22 --install-if-missing`.'
  );
}

const problem = nodeProblem(process.version);
if (problem) {
  console.error(problem);
  process.exit(1);
}
