import { DefaultLogger } from '@temporalio/worker';
import type { LogLevel } from '@temporalio/worker';
import { announceDatabases, isHealthy, oneAtATime, readHealth } from '../../worker/health';
import type { Probes } from '../../worker/health';

const fine = () => Promise.resolve();
const hanging = () => new Promise<never>(() => undefined);
const refused = () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
const probes = (more: Partial<Probes>): Probes => ({ temporal: fine, source: fine, target: fine, ...more });

describe('the health of a worker', () => {
  it('is well only while it polls and every server answers', async () => {
    const well = await readHealth(probes({}), () => true);
    expect(well).toEqual({ worker: 'polling', temporal: 'ok', source: 'ok', target: 'ok' });
    expect(isHealthy(well)).toBe(true);
    const stopping = await readHealth(probes({}), () => false);
    expect(stopping.worker).toBe('stopping');
    expect(isHealthy(stopping)).toBe(false);
  });

  it('takes a server that hangs for one that is away, within two seconds or so', async () => {
    const asked = Date.now();
    const health = await readHealth(probes({ source: hanging, target: refused }), () => true);
    expect(health).toEqual({ worker: 'polling', temporal: 'ok', source: 'away', target: 'away' });
    expect(isHealthy(health)).toBe(false);
    expect(Date.now() - asked).toBeLessThan(5_000);
  });
});

describe('a question to a server', () => {
  it('is asked once by all who ask meanwhile, and anew afterwards', async () => {
    let asked = 0;
    const answers: (() => void)[] = [];
    const ask = oneAtATime(() => {
      asked += 1;
      return new Promise<void>((resolve) => answers.push(resolve));
    });
    const both = Promise.all([ask(), ask()]);
    expect(asked).toBe(1);
    answers[0]!();
    await both;
    void ask();
    expect(asked).toBe(2);
  });

  it('that failed is asked anew', async () => {
    let asked = 0;
    const ask = oneAtATime(() => {
      asked += 1;
      return refused();
    });
    await expect(ask()).rejects.toThrow();
    await expect(ask()).rejects.toThrow();
    expect(asked).toBe(2);
  });
});

describe('the first look at the databases', () => {
  it('says once what is wrong with which, without a password, and when it answers', async () => {
    const lines: [LogLevel, string][] = [];
    let looks = 0;
    const source = () => {
      looks += 1;
      return looks > 2 ? fine() : refused();
    };
    await announceDatabases(
      probes({ source }),
      { sourceUrl: 'mysql://reader:hidden@host:3306/clinic', targetUrl: 'postgres://writer:hidden@host/clinic' },
      new DefaultLogger('INFO', ({ level, message }) => lines.push([level, message])),
      new AbortController().signal,
    );
    expect(lines).toEqual([
      [
        'WARN',
        'The source (mysql reader@host:3306/clinic) cannot be used: nothing listens there (ECONNREFUSED); start the server, ' +
          'or correct host and port in CARRYOVER_SOURCE_URL. The worker keeps trying; its runs go on when the server answers.',
      ],
      ['INFO', 'The target (postgres writer@host:5432/clinic) answers.'],
      ['INFO', 'The source (mysql reader@host:3306/clinic) answers.'],
    ]);
  });

  it('ends with the worker', async () => {
    const stop = new AbortController();
    const looked = announceDatabases(
      probes({ source: refused, target: hanging }),
      { sourceUrl: 'mysql://h/d', targetUrl: 'postgres://h/d' },
      new DefaultLogger('ERROR', () => undefined),
      stop.signal,
    );
    stop.abort();
    await looked;
  });
});
