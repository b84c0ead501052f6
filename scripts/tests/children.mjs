import { spawn } from 'node:child_process';
import { finished } from '../commands.mjs';
import { endGroup, identify, signalGroup } from '../processes.mjs';
import { ROOT } from '../project.mjs';

/**
 * Runs a script under Node, its output collected or shown; `started` is told its pid.
 * Stopped early, with all of its own children, by `stop`.
 */
export async function runNode(args, { stop, env = process.env, show = false, started = () => undefined }) {
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
  if (child.pid !== undefined) started(child.pid);
  const onStop = () => {
    signalGroup(child.pid, 'SIGTERM');
    void endGroup(identity, [
      ['SIGTERM', 5_000],
      ['SIGKILL', 1_000],
    ]);
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
