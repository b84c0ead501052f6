import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectCode, processesOf, runScript, startScript } from '../support/scripts';
import { newHome, type Services } from '../support/servers';

/** More than the runs below take on a slow machine that does other things as well. */
const PATIENCE = 240_000;

describe('npm run demo', () => {
  const home = newHome();
  const reports = mkdtempSync(join(tmpdir(), 'carryover-reports-'));
  const settings = { CARRYOVER_REPORTS_DIR: reports };
  const latest = (): Record<string, unknown> =>
    JSON.parse(readFileSync(join(reports, 'latest.json'), 'utf8')) as Record<string, unknown>;

  afterAll(async () => {
    await runScript('down.mjs', home, ['--wipe']);
    rmSync(reports, { recursive: true, force: true });
  });

  it(
    'does the main job from nothing and leaves nothing running',
    async () => {
      const outcome = await runScript('demo.mjs', home, [], settings);
      expectCode(outcome, 0);
      const { text } = outcome;
      expect(latest()).toMatchObject({
        migration: 'case-states',
        verdict: 'proven_with_exceptions',
        balance: { source: 4751, loaded: 4552, quarantined: 199, excluded: 0, pending: 0 },
      });
      expect(text).toMatch(/^worker peak memory \(VmHWM\): \d+ MB$/m);
      expect(text).toContain('# Migration report: case-states');
      expect(processesOf(home)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    'stops all on Ctrl-C, and the next one works',
    async () => {
      const demo = startScript('demo.mjs', home, ['--rows', '100000', '--batch-rows', '5000'], settings);
      await demo.printed(/^Started case-states/m);
      demo.child.kill('SIGINT');
      const stopped = await demo.ended;
      expectCode(stopped, 130);
      // Its servers are stopped with it.
      expect(stopped.text).not.toMatch(/goes on without this command/);
      expect(processesOf(home)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    'replaces what a killed one left, and with --keep stays up until down',
    async () => {
      const killed = startScript('demo.mjs', home, ['--rows', '100000', '--batch-rows', '5000'], settings);
      await killed.printed(/^Started case-states/m);
      const gone = once(killed.child, 'exit'); // its output ends later, with the parts that outlive it
      killed.child.kill('SIGKILL');
      await gone;
      const left = processesOf(home);
      const [worker, ...more] = left.filter(({ command }) => command.includes('worker/main.js'));
      expect(more).toEqual([]);
      // Stopped, it cannot finish the workflow before the next demo comes upon it.
      process.kill(worker?.pid ?? NaN, 'SIGSTOP');

      const outcome = await runScript('demo.mjs', home, ['--rows', '2000', '--keep'], settings);
      expectCode(outcome, 0);
      const { text } = outcome;
      expect(text).toMatch(/Stopped what an earlier demo left: .*worker/);
      expect(text).toMatch(/^Terminating workflow /m);
      expect(latest()).toMatchObject({ balance: { source: 2000, pending: 0 } });

      const kept = processesOf(home);
      const workers = kept.filter(({ command }) => command.includes('worker/main.js'));
      expect(workers).toHaveLength(1);
      expect(left.map(({ pid }) => pid)).not.toContain(workers[0]?.pid);
      expect(kept).toHaveLength(workers.length + left.filter(({ command }) => !command.includes('dist/')).length);
      expect(text).toMatch(/Temporal UI +http:\/\/127\.0\.0\.1:\d+\n/);
      expect(text).toMatch(
        /mariadb --defaults-extra-file=\S+ clinic\n[^]*psql -h 127\.0\.0\.1 -p \d+ [^]*npm run down/,
      );
      const services = JSON.parse(readFileSync(join(home, 'services.json'), 'utf8')) as Services;
      const passwords = [services.source, services.target].map(({ url }) => new URL(url).password);
      for (const password of passwords) expect(text).not.toContain(password);

      // To a demo of another home these are the user's own servers: used, and left alone.
      const guest = newHome();
      const own = await runScript('demo.mjs', guest, ['--rows', '1000'], {
        ...settings,
        CARRYOVER_SOURCE_URL: services.source.url,
        CARRYOVER_TARGET_URL: services.target.url,
        TEMPORAL_ADDRESS: services.temporal.address,
      });
      expectCode(own, 0);
      expect(own.text.match(/: your own at 127\.0\.0\.1:/g)).toHaveLength(3);
      expect(latest()).toMatchObject({ balance: { source: 1000, pending: 0 } });
      expect(processesOf(guest)).toEqual([]);
      expect(processesOf(home)).toEqual(kept);

      expect((await runScript('down.mjs', home)).text).toBe('Stopped: worker, Temporal, source, target.\n');
      expect(processesOf(home)).toEqual([]);
      expect(existsSync(join(home, 'services.json'))).toBe(false);
    },
    PATIENCE,
  );

  it('tells a wrong option with the right ones, and starts nothing', async () => {
    const wrong = await runScript('demo.mjs', home, ['--rows', 'many', '--concurrency', '0']);
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.text).toBe('--rows wants a whole number above 0.\n--concurrency wants a whole number above 0.\n');
    const unknown = await runScript('demo.mjs', home, ['--row', '5']);
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.text).toContain('Usage: npm run demo');
    expect(processesOf(home)).toEqual([]);
  });
});
