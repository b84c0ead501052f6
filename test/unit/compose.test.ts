import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SHUTDOWN_GRACE_S } from '../../config';
import { SEARCH_ATTRIBUTES } from '../../shared/names';
import { ROLLBACK_S } from '../../worker/create-worker';
import node from '../../worker/process.json';

const ROOT = join(__dirname, '..', '..');
const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');

/** What `docker-compose config` makes of the file with these lines as its .env; undefined where the tool is missing. */
function config(dotEnv: string): { status: number | null; stdout: string; stderr: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'carryover-compose-'));
  try {
    const file = join(folder, '.env');
    writeFileSync(file, dotEnv);
    // Values in the environment would come before those of the file.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !dotEnv.includes(name)));
    const args = ['--env-file', file, '-f', join(ROOT, 'docker-compose.yml'), 'config'];
    const done = spawnSync('docker-compose', args, { cwd: ROOT, env, encoding: 'utf8' });
    return done.error ? undefined : done;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
const filledIn = example.replace(/^([A-Z_]+PASSWORD)=$/gm, '$1=Secret123');
const hasTool = config(filledIn) !== undefined;
if (!hasTool) console.warn('docker-compose is not on PATH: the tests of docker-compose.yml by the tool are skipped.');
const withTool = hasTool ? it : it.skip;

describe('docker-compose.yml', () => {
  withTool('is accepted with a .env made from .env.example', () => {
    const outcome = config(filledIn);
    expect(outcome).toMatchObject({ status: 0 });
    for (const service of ['temporal', 'source', 'target', 'worker'])
      expect(outcome?.stdout).toContain(`\n  ${service}:\n`);
  });

  withTool('is refused while a password is not set, naming where to set it', () => {
    const outcome = config(example);
    expect(outcome?.status).not.toBe(0);
    expect(outcome?.stderr).toContain('set it in .env, see .env.example');
  });

  it('names settings that the code reads', () => {
    const code = readFileSync(join(ROOT, 'config.ts'), 'utf8');
    const named = [...compose.matchAll(/^ +(CARRYOVER_\w+):/gm)].map(([, name]) => name);
    expect(named.length).toBeGreaterThanOrEqual(4);
    expect(named.filter((name) => !code.includes(`'${name}'`))).toEqual([]);
  });

  it('leaves out no setting of .env.example that the worker could need', () => {
    const code = readFileSync(join(ROOT, 'config.ts'), 'utf8');
    const read = new Set([...code.matchAll(/'(CARRYOVER_\w+)'/g)].map(([, name]) => name));
    expect([...read].filter((name) => !example.includes(`${name}=`))).toEqual([]);
  });

  it('lets the worker stop in order before it is killed', () => {
    const seconds = (pattern: RegExp): number => Number(pattern.exec(compose)?.[1]);
    const grace = seconds(/^ +CARRYOVER_SHUTDOWN_GRACE: (\d+)$/m);
    expect(grace).toBe(DEFAULT_SHUTDOWN_GRACE_S);
    expect(seconds(/^ +stop_grace_period: (\d+)s$/m)).toBeGreaterThan(grace + ROLLBACK_S + 5);
  });

  it('pins versions, keeps data in named volumes, checks health, publishes on 127.0.0.1 only', () => {
    const images = [...compose.matchAll(/^ {4}image: \S+?:(\S+)$/gm)].map(([, tag]) => tag);
    expect(images).toHaveLength(4);
    for (const tag of images) expect(tag).toMatch(/^\d+\.\d+/);
    expect([...compose.matchAll(/^ {4}healthcheck:$/gm)]).toHaveLength(3);
    expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toMatch(/^HEALTHCHECK /m);
    const ports = [...compose.matchAll(/^ {6}- '([\d.:]+)'/gm)].map(([, port]) => port);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port?.startsWith('127.0.0.1:'))).toEqual([]);
    expect(compose).toMatch(/\nvolumes:\n {2}temporal-data:\n {2}source-data:\n {2}target-data:\n {2}reports:\n$/);
  });

  it('registers the search attributes that the workflows set, as the private server does', () => {
    const wanted = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `${name}=${type}`.toLowerCase());
    const here = [...compose.matchAll(/--search-attribute=(\w+=\w+)/g)].map(([, pair]) => pair?.toLowerCase());
    const script = readFileSync(join(ROOT, 'scripts', 'servers', 'temporal.mjs'), 'utf8');
    const there = [...script.matchAll(/'(Carryover\w+=\w+)'/g)].map(([, pair]) => pair?.toLowerCase());
    expect(here).toEqual(wanted);
    expect(there).toEqual(wanted);
  });

  it('sets of the server what the private one sets, and the tests’ own', () => {
    const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
    const settings = (text: string): string[] => [...text.matchAll(/\b(?:frontend|history)\.\w+=\w+/g)].map(String);
    const there = settings(read('scripts', 'servers', 'temporal.mjs'));
    expect(there).toHaveLength(2);
    expect(settings(compose)).toEqual(there);
    expect(settings(read('test', 'support', 'own-temporal.ts'))).toEqual(there.slice(1));
  });
});

describe('Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

  it('makes an image of glibc, production dependencies and an ordinary user', () => {
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual(
      Array(3).fill(expect.stringMatching(/^node:2\d-bookworm-slim$/)),
    );
    expect(dockerfile).toMatch(/AS dependencies[^]*npm ci --omit=dev/);
    expect(lastStage).toContain('COPY --from=dependencies /app/node_modules ./node_modules');
    expect(lastStage).toMatch(/^USER node$/m);
    expect(lastStage.indexOf('USER node')).toBeLessThan(lastStage.indexOf('CMD ["node", '));
  });

  it('runs the worker as the demo and npm do', () => {
    const command = JSON.parse(/^CMD (.*)$/m.exec(lastStage)![1]!) as string[];
    expect(command).toEqual(['node', ...node.args, 'dist/worker/main.js']);
    const scripts = (
      JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    ).scripts;
    expect(scripts.worker).toContain(`node ${node.args.join(' ')} dist/worker/main.js`);
    for (const [name, value] of Object.entries(node.env)) {
      expect(lastStage).toMatch(new RegExp(`^ENV .*\\b${name}=${value}\\b`, 'm'));
      expect(scripts.worker).toContain(`${name}=${value} `);
    }
  });

  it('keeps secrets and local folders out of the build', () => {
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.env', '.carryover', 'node_modules', 'dist', '.git']));
  });
});
