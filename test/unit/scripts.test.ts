import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { builtinModules } from 'node:module';
import { join } from 'node:path';

const SCRIPTS = join(__dirname, '..', '..', 'scripts');

/** What an expression over a script's exports gives. The scripts are plain ES modules: a Node of their own loads them. */
function evaluate(file: string, names: string, expression: string): unknown {
  const code = `import { ${names} } from ${JSON.stringify(join(SCRIPTS, file))};
    process.stdout.write(JSON.stringify(await (${expression})) ?? 'null');`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }));
}

describe('scripts', () => {
  it('import nothing before the dependencies are there', () => {
    const files = readdirSync(SCRIPTS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mjs'));
    const foreign = files.flatMap((name) => {
      const text = readFileSync(join(SCRIPTS, name), 'utf8');
      return [...text.matchAll(/^(?:import|export)[^;]*?from '([^']+)'/gm)]
        .map(([, from]) => from ?? '')
        .filter((from) => !from.startsWith('.') && !builtinModules.includes(from.replace(/^node:/, '')));
    });
    expect(files.length).toBeGreaterThan(10);
    expect(foreign).toEqual([]);
  });

  it('tell a Node that is too old what it is and what to do', () => {
    const problem = (version: string) =>
      evaluate('bootstrap/node-version.mjs', 'nodeProblem', `nodeProblem('${version}')`);
    for (const version of ['v20.12.0', 'v20.20.2', 'v22.1.0', 'v24.0.0']) expect(problem(version)).toBeNull();
    for (const version of ['v18.20.4', 'v20.11.1']) {
      expect(problem(version)).toContain('Carryover needs Node 20.12 or newer');
      expect(problem(version)).toContain(version);
    }
  });

  it('check the version of Node before anything else', () => {
    for (const name of ['demo', 'up', 'down', 'test', 'build']) {
      const [first] = readFileSync(join(SCRIPTS, `${name}.mjs`), 'utf8').match(/^import .*$/m) ?? [];
      expect(first).toBe("import './bootstrap/node-version.mjs';");
    }
  });

  it('count a test file that cannot be loaded, and a jest that ended without a result, as failed', () => {
    const results = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0, testResults: [] };
    const count = (code: number, given: unknown) =>
      evaluate('tests/groups.mjs', 'count', `count('unit', ${code}, ${JSON.stringify(given)})`);
    expect(count(0, { ...results, numRuntimeErrorTestSuites: 0 })).toMatchObject({ passed: 3, failed: 0, skipped: 1 });
    expect(count(1, { ...results, numRuntimeErrorTestSuites: 1 })).toMatchObject({ passed: 3, failed: 1 });
    expect(count(1, { ...results, numRuntimeErrorTestSuites: 0 })).toMatchObject({ failed: 1 });
    expect(evaluate('tests/groups.mjs', 'count', "count('unit', 'ended by SIGKILL', undefined)")).toMatchObject({
      failed: 1,
    });
  });

  it('give free ports, each once, and not one that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    try {
      const ports = evaluate('servers/ports.mjs', 'freePorts', `freePorts(4, [${port}, undefined])`) as number[];
      expect(new Set(ports).size).toBe(4);
      expect(ports).not.toContain(port);
    } finally {
      taken.close();
    }
  });

  it('know a process by its start, not by its number alone', () => {
    const outcome = evaluate(
      'processes.mjs',
      'identify, isAlive',
      '[isAlive(identify(process.pid)), isAlive({ ...identify(process.pid), started: "1" }), isAlive(undefined)]',
    );
    expect(outcome).toEqual([true, false, false]);
  });

  it('keep passwords out of the command lines for people', () => {
    const services = {
      source: { url: 'mysql://reader:p%40ss@db.example.org:3307/clinic' },
      target: { url: 'postgres://worker:p%40ss@pg.example.org/clinic' },
    };
    const commands = evaluate(
      'servers/client-files.mjs',
      'clientCommands',
      `clientCommands('/home/me/.carryover', ${JSON.stringify(services)})`,
    );
    expect(commands).toEqual({
      source: "mariadb --defaults-extra-file='/home/me/.carryover/mariadb-client.cnf' clinic",
      target: "PGPASSFILE='/home/me/.carryover/pgpass' psql -h pg.example.org -p 5432 -U worker clinic",
    });
  });
});
