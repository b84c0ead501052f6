import { spawn } from 'node:child_process';
import { finished } from '../commands.mjs';
import { end, identify } from '../processes.mjs';
import { ROOT } from '../project.mjs';

/** Runs a script under Node, its output collected or shown. Stopped early, with all of its own children, by `stop`. */
export async function runNode(args, { stop, env = process.env, show = false }) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env,
    // A group of its own, so that what it starts can be ended together with it.
    detached: true,
    stdio: ['ignore', ...(show ? ['inherit', 'inherit'] : ['pipe', 'pipe'])],
  });
  let text = '';
  child.stdout?.on('data', (chunk) => (text += chunk));
  child.stderr?.on('data', (chunk) => (text += chunk));
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  const onStop = () => {
    signalGroup(child.pid, 'SIGTERM');
    void end(identity, [['SIGTERM', 5_000], ['SIGKILL', 1_000]]).then(() => signalGroup(child.pid, 'SIGKILL')); // prettier-ignore
  };
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop);
  try {
    const code = await finished(child);
    return { code, text };
  } finally {
    stop.removeEventListener('abort', onStop);
  }
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // all of it has ended
  }
}
