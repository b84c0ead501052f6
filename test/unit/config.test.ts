import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, requireUrls } from '../../config';

const SECRET = 'hunter2-secret';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'carryover-config-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Reads settings in an empty folder, without the TOML profile of whoever runs the tests. */
const load = (env: NodeJS.ProcessEnv = {}) =>
  loadConfig({ TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'), ...env }, folder);

/** The problems of settings that must be refused; no part of the error may show a secret. */
function refusal(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    load(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message, stack, problems } = error as ConfigError;
    expect(`${message} ${stack} ${JSON.stringify(error)}`).not.toContain(SECRET);
    for (const problem of problems) expect(message).toContain(`\n  - ${problem}`);
    return problems;
  }
  throw new Error('the settings were taken');
}

function writeServices(home: string, content: unknown): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'services.json'), typeof content === 'string' ? content : JSON.stringify(content));
}

const services = {
  temporal: { address: '127.0.0.1:7001', ui: 'http://127.0.0.1:7002' },
  source: { url: `mysql://root:${SECRET}@127.0.0.1:7003/clinic` },
  target: { url: `postgres://carryover:${SECRET}@127.0.0.1:7004/clinic` },
};

describe('loadConfig', () => {
  it('has a default for everything but the two URLs, and is frozen', () => {
    const config = load();
    expect(config).toMatchObject({
      sourceUrl: undefined,
      targetUrl: undefined,
      taskQueue: 'carryover',
      reportsDir: join(folder, 'reports'),
      shutdownGrace: 10,
      httpAddress: undefined,
      temporal: { address: 'localhost:7233', namespace: 'default', ui: undefined },
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes the variables', () => {
    const config = load({
      CARRYOVER_SOURCE_URL: 'mariadb://reader:pw@source:3306/clinic',
      CARRYOVER_TARGET_URL: 'postgresql://writer:pw@target:5432/clinic',
      CARRYOVER_TASK_QUEUE: 'nightly',
      CARRYOVER_REPORTS_DIR: 'out/reports',
      TEMPORAL_ADDRESS: 'temporal:7233',
      TEMPORAL_NAMESPACE: 'moves',
    });
    expect(config).toMatchObject({
      sourceUrl: 'mariadb://reader:pw@source:3306/clinic',
      targetUrl: 'postgresql://writer:pw@target:5432/clinic',
      taskQueue: 'nightly',
      reportsDir: join(folder, 'out', 'reports'),
      temporal: { address: 'temporal:7233', namespace: 'moves' },
    });
    expect(config.temporal.connectionOptions.address).toBe('temporal:7233');
  });

  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['worker.example.org:1', { host: 'worker.example.org', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
  ])('takes the HTTP address %s', (value, address) => {
    expect(load({ CARRYOVER_HTTP_ADDRESS: value }).httpAddress).toEqual(address);
  });

  it.each(['9464', ':9464', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:65536', '::1:9464', `http://u:${SECRET}@host:9464`])(
    'refuses the HTTP address %s',
    (value) => {
      expect(refusal({ CARRYOVER_HTTP_ADDRESS: value })).toEqual([
        'CARRYOVER_HTTP_ADDRESS must read host:port, with a port from 1 to 65535, such as 127.0.0.1:9464 or [::1]:9464; ' +
          'without it, /healthz and /metrics are off',
      ]);
    },
  );

  it('takes a grace in seconds, and refuses any other', () => {
    expect(load({ CARRYOVER_SHUTDOWN_GRACE: '90' }).shutdownGrace).toBe(90);
    for (const value of ['0', '3601', '1.5', '10s', '-1', ' 5']) {
      expect(refusal({ CARRYOVER_SHUTDOWN_GRACE: value })).toEqual([
        'CARRYOVER_SHUTDOWN_GRACE must be a whole number of seconds from 1 to 3600',
      ]);
    }
  });

  it('finds the servers of `npm run up`', () => {
    writeServices(join(folder, '.carryover'), services);
    const config = load();
    expect(config.sourceUrl).toBe(services.source.url);
    expect(config.targetUrl).toBe(services.target.url);
    expect(config.temporal).toMatchObject(services.temporal);
    expect(config.temporal.connectionOptions.address).toBe('127.0.0.1:7001');
  });

  it('prefers the variables to services.json, one by one, and claims no UI of another Temporal', () => {
    writeServices(join(folder, 'elsewhere'), services);
    const config = load({
      CARRYOVER_HOME: 'elsewhere',
      CARRYOVER_TARGET_URL: 'postgres://writer:pw@target/clinic',
      TEMPORAL_ADDRESS: 'temporal:7233',
    });
    expect(config.sourceUrl).toBe(services.source.url);
    expect(config.targetUrl).toBe('postgres://writer:pw@target/clinic');
    expect(config.temporal).toMatchObject({ address: 'temporal:7233', ui: undefined });
  });

  it('reads an empty variable as none', () => {
    writeServices(join(folder, '.carryover'), services);
    const config = load({ CARRYOVER_SOURCE_URL: '', CARRYOVER_TASK_QUEUE: '', CARRYOVER_HOME: '' });
    expect(config).toMatchObject({ sourceUrl: services.source.url, taskQueue: 'carryover' });
  });

  it('goes on without a services.json that is half written', () => {
    writeServices(join(folder, '.carryover'), '{"source": {"url": "mysql://');
    expect(load().sourceUrl).toBeUndefined();
  });

  it.each<[string, string, string]>([
    ['CARRYOVER_SOURCE_URL', `//root:${SECRET}@127.0.0.1/clinic`, 'is not a URL; it must read mysql://'],
    ['CARRYOVER_SOURCE_URL', `postgres://root:${SECRET}@host/clinic`, 'begins with postgres://; it must read mysql://'],
    ['CARRYOVER_SOURCE_URL', `mysql://root:${SECRET}@host`, 'names no database; it must read mysql://'],
    ['CARRYOVER_SOURCE_URL', `mysql://root:${SECRET}@host/`, 'names no database'],
    ['CARRYOVER_TARGET_URL', `mysql://root:${SECRET}@host/clinic`, 'begins with mysql://; it must read postgres://'],
    ['CARRYOVER_TARGET_URL', 'postgres:///clinic', 'names no host; it must read postgres://'],
    ['CARRYOVER_TARGET_URL', `postgres://${SECRET}`, 'names no database'],
  ])('refuses a wrong %s: %s', (name, value, problem) => {
    const problems = refusal({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${name} ${problem}`);
  });

  it('tells all problems at once', () => {
    const problems = refusal({
      CARRYOVER_SOURCE_URL: 'clinic',
      CARRYOVER_TARGET_URL: `http://u:${SECRET}@host`,
      TEMPORAL_PROFILE: 'nowhere',
    });
    expect(problems).toHaveLength(4);
    expect(problems[0]).toContain('CARRYOVER_SOURCE_URL is not a URL');
    expect(problems[1]).toContain('CARRYOVER_TARGET_URL begins with http://');
    expect(problems[2]).toContain('CARRYOVER_TARGET_URL names no database');
    expect(problems[3]).toContain("Temporal's settings (TEMPORAL_* variables or its TOML profile) cannot be read:");
  });

  it('reads the TOML profile, and says where it is wrong without showing its lines', () => {
    const file = join(folder, 'temporal.toml');
    const env = { TEMPORAL_CONFIG_FILE: file };
    writeFileSync(file, '[profile.default]\naddress = "cloud:7233"\nnamespace = "moves"\n');
    expect(load(env).temporal).toMatchObject({ address: 'cloud:7233', namespace: 'moves' });
    writeFileSync(file, `[profile.default]\napi_key = "${SECRET}\naddress = "cloud:7233"\n`);
    const [problem] = refusal(env);
    expect(problem).toContain("Temporal's settings");
    expect(problem).toContain('line 2');
  });
});

describe('the switches of TLS', () => {
  // Spellings of true, false and nonsense that Temporal's own reader of its variables decides on.
  const tls = (value: string) => load({ TEMPORAL_TLS: value }).temporal.connectionOptions.tls;

  it.each(['1', 'true'])('TEMPORAL_TLS=%s turns it on', (value) => {
    expect(tls(value)).toBeTruthy();
  });

  it.each(['0', 'false'])('TEMPORAL_TLS=%s leaves it off', (value) => {
    expect(tls(value)).toBeFalsy();
  });
});

describe('requireUrls', () => {
  it('gives both', () => {
    writeServices(join(folder, '.carryover'), services);
    expect(requireUrls(load())).toEqual({ sourceUrl: services.source.url, targetUrl: services.target.url });
  });

  it('names each that is missing, and both ways to set it', () => {
    expect(() => requireUrls(load())).toThrow(
      'The settings cannot be used:\n' +
        '  - CARRYOVER_SOURCE_URL is not set: set it, or start the servers of this project with `npm run up`\n' +
        '  - CARRYOVER_TARGET_URL is not set: set it, or start the servers of this project with `npm run up`',
    );
  });
});
