import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cleanEnvironment } from '../support/servers';

const ROOT = join(__dirname, '../..');
const MAIN = join(ROOT, 'dist/cli/main.js');

beforeAll(() => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { cwd: ROOT });
}, 180_000);

const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: __dirname, env: cleanEnvironment(env) },
      (_error, out, err) => resolve({ code: child.exitCode, out, err }),
    );
  });

it('is a program that takes its settings from the environment', async () => {
  expect(await run(['--help'])).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringContaining('Exit codes:') as string,
  });
  const status = await run(['status'], { CARRYOVER_TARGET_URL: 'postgres://u:hidden@127.0.0.1:1/d' });
  expect(status).toMatchObject({ code: 3, out: '' });
  expect(status.err).toMatch(/^The target \(postgres u@127.0.0.1:1\/d\) cannot be used: nothing listens there.*\n$/);
  expect((await run(['status'])).err).toMatch(/CARRYOVER_TARGET_URL is not set/);
});

it.each(['status', 'report', 'setup', 'check'])('speaks JSON on stdout alone, also when %s fails', async (command) => {
  const { code, out } = await run([command, '--json'], {
    CARRYOVER_SOURCE_URL: 'mysql://u@127.0.0.1:1/d',
    CARRYOVER_TARGET_URL: 'postgres://u@127.0.0.1:1/d',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  });
  expect(code).toBe(3);
  if (command === 'check') return expect(JSON.parse(out)).toMatchObject({ ok: false });
  expect(JSON.parse(out)).toMatchObject({ error: { exitCode: 3 } });
});
