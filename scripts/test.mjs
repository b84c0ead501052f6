import './bootstrap/node-version.mjs';
import { ensureInstalled, seconds } from './bootstrap/install.mjs';
import { interruptCommands } from './commands.mjs';
import { Failure, runMain, say } from './messages.mjs';
import { runGroup } from './tests/groups.mjs';
import { runQuickChecks } from './tests/quick-checks.mjs';
import { openTestServers } from './tests/test-servers.mjs';
import { report } from './tests/report.mjs';

// npm test [-- GROUP ... [jest's own options]]: everything, or the named parts. The last line is `N passed, N failed`.
const QUICK = ['format', 'lint', 'types'];
const GROUPS = ['unit', 'workflow', 'database', 'end-to-end', 'faults'];
// Run by their name alone: what takes minutes, and what writes test/histories/ anew.
const NAMED_ONLY = ['long', 'recording'];
const ALL_GROUPS = [...GROUPS, ...NAMED_ONLY];

await runMain(async () => {
  const started = Date.now();
  const { parts, jest } = chosen(process.argv.slice(2));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      stop.abort(signal);
      interruptCommands();
    });
  }
  await ensureInstalled();
  const groups = ALL_GROUPS.filter((name) => parts.includes(name));
  const servers = groups.some((name) => name !== 'unit') ? openTestServers() : undefined;
  const outcomes = [];
  try {
    outcomes.push(
      ...(await runQuickChecks(
        QUICK.filter((name) => parts.includes(name)),
        stop.signal,
      )),
    );
    await servers?.ready;
    for (const group of groups) {
      if (!stop.signal.aborted) outcomes.push(await runGroup(group, jest, servers, stop.signal));
    }
  } finally {
    await servers?.close();
  }
  if (stop.signal.aborted) outcomes.push({ name: `stopped by ${stop.signal.reason}`, passed: 0, failed: 1 });
  say(`\nTook ${seconds(started)}.`);
  return report(outcomes);
});

function chosen(args) {
  const end = args.findIndex((arg) => ![...QUICK, ...ALL_GROUPS].includes(arg));
  const parts = end === -1 ? args : args.slice(0, end);
  const jest = end === -1 ? [] : args.slice(end);
  const [unknown] = parts.length === 0 ? jest.filter((arg) => !arg.startsWith('-')) : [];
  if (unknown) throw new Failure(`There is no part "${unknown}". Parts: ${[...QUICK, ...ALL_GROUPS].join(', ')}`);
  return { parts: parts.length > 0 ? parts : [...QUICK, ...GROUPS], jest };
}
