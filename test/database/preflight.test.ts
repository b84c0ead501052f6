import { runPreflight, runPreflights } from '../../database/preflight/run-preflight';
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import type { PreflightFixture } from './preflight-fixture';
import { PASSWORD, changed, createPreflightFixture, visits } from './preflight-fixture';

let fixture: PreflightFixture;

beforeAll(async () => {
  fixture = await createPreflightFixture();
});
afterAll(() => fixture.drop());

describe('with databases in order and the documented GRANTs', () => {
  it('finds no problem and no warning, and looks at everything', async () => {
    const result = await runPreflight({ ...fixture, mapping: visits });
    expect(result.problems).toEqual([]);
    expect(result.warnings).toEqual([]);
    expect(result.checks.map((check) => check.status)).toEqual(result.checks.map(() => 'ok'));
    expect(result.checks.length).toBe(26);
  });

  it('asks the servers once for several mappings', async () => {
    const { servers, migrations } = await runPreflights(fixture, [visits, changed({ name: 'again' })]);
    expect(servers.problems).toEqual([]);
    expect(migrations.map(({ migration, result }) => [migration, result.problems])).toEqual([
      ['visits', []],
      ['again', []],
    ]);
  });
});

describe('a server that cannot be used', () => {
  const withUrls = async (change: { source?: (url: URL) => void; target?: (url: URL) => void }) => {
    const [sourceUrl, targetUrl] = [new URL(fixture.sourceUrl), new URL(fixture.targetUrl)];
    change.source?.(sourceUrl);
    change.target?.(targetUrl);
    const source = openSource(sourceUrl.href);
    const target = openTarget(targetUrl.href);
    try {
      return await runPreflight({
        source,
        target,
        sourceUrl: sourceUrl.href,
        targetUrl: targetUrl.href,
        mapping: visits,
      });
    } finally {
      await Promise.all([source.close(), target.end()]);
    }
  };

  it.each<[string, (url: URL) => void, RegExp]>([
    ['port', (url) => (url.port = '1'), /nothing listens there \(ECONNREFUSED\)/],
    ['password', (url) => (url.password = 'Wrong-1'), /login was refused \((ER_ACCESS_DENIED_ERROR|28P01)\)/],
    ['user', (url) => (url.username = 'nobody_known'), /login was refused/],
    ['host', (url) => (url.hostname = 'no-such-host.invalid'), /host name .*\((ENOTFOUND|EAI_AGAIN)\)/],
    [
      'database',
      (url) => (url.pathname = '/no_such_database'),
      /(no right to the database, or there is none|no database of that name)/,
    ],
  ])(
    'says it for a wrong %s on either side at once, skips the rest, and shows no password',
    async (_what, spoil, says) => {
      const result = await withUrls({ source: spoil, target: spoil });
      expect(result.problems).toHaveLength(3);
      expect(result.problems[0]).toMatch(/^The source \(mysql \S+@\S+:\d+\/\w+\) cannot be used: /);
      expect(result.problems[1]).toMatch(/^The target \(postgres(ql)? \S+@\S+:\d+\/\w+\) cannot be used: /);
      expect(result.problems[0]).toMatch(says);
      expect(result.problems[1]).toMatch(says);
      expect(result.problems[0]).toContain('CARRYOVER_SOURCE_URL');
      expect(result.problems[1]).toContain('CARRYOVER_TARGET_URL');
      expect(result.problems[2]).toMatch(/^Not looked at because of that: .*source table.*target table/);
      expect(result.problems.join()).not.toMatch(new RegExp(`${PASSWORD}|Wrong-1`));
    },
  );

  it('still looks at the target where only the source is down', async () => {
    const result = await withUrls({ source: (url) => (url.port = '1') });
    expect(result.checks.find((check) => check.name === 'target types')?.status).toBe('ok');
    expect(result.checks.find((check) => check.name === 'source key')?.status).toBe('skipped');
  });

  it('asks for a database in the URL of the source', async () => {
    expect((await withUrls({ source: (url) => (url.pathname = '/') })).problems[0]).toMatch(/names no database/);
  });
});

it('writes nothing: it also works where every write is refused', async () => {
  const { worker } = fixture;
  await fixture.asTargetAdmin(`ALTER ROLE ${worker} SET default_transaction_read_only = on`);
  const target = openTarget(fixture.targetUrl);
  try {
    const { problems } = await runPreflight({ ...fixture, target, mapping: visits });
    expect(problems).toEqual([expect.stringMatching(/^default_transaction_read_only is on/)]);
  } finally {
    await target.end();
    await fixture.asTargetAdmin(`ALTER ROLE ${worker} RESET default_transaction_read_only`);
  }
});
