/** The accounts of docs/privileges.md are enough for a whole run, and the preflight says where one is not. */
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import { runPreflight } from '../../database/preflight/run-preflight';
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import { createEngine, migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { forecast } from '../support/forecast';
import { createLimitedLogins } from '../support/worker';
import type { LimitedLogins } from '../support/worker';

let engine: Engine;
let limited: Engine;
let logins: LimitedLogins;

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: 100, dirty: true } });
  logins = await createLimitedLogins(engine);
  limited = engine.as(openSource(logins.sourceUrl), openTarget(logins.targetUrl));
});

afterAll(async () => {
  await Promise.all([limited?.source.close(), limited?.target.end()]);
  await logins?.drop();
  await engine?.drop();
});

describe('the documented accounts', () => {
  it.each([
    ['case-states', caseStates],
    ['messages', messages],
  ])('are enough for a whole run of %s, checks included', async (_name, mapping) => {
    const { source, target } = limited;
    expect((await runPreflight({ source, target, mapping })).problems).toEqual([]);
    const { headline } = await migrate(limited, mapping, 40);
    expect(headline).toMatchObject({ pending: 0, findings: 0, verdict: 'proven_with_exceptions' });
  });

  it.each([
    ['case-states', caseStates],
    ['messages', messages],
  ])('are enough for a forecast of %s', async (_name, mapping) => {
    const counts = await forecast(limited, mapping, 40);
    expect(counts.quarantined).toBeGreaterThan(10);
  });

  it('lack nothing that a run would find out at its end: the parents of foreign keys', async () => {
    const { source, target } = limited;
    const worker = new URL(logins.targetUrl).username;
    await engine.onTarget(`REVOKE SELECT ON public.cases FROM ${worker}`);
    const { problems } = await runPreflight({ source, target, mapping: caseStates });
    await engine.onTarget(`GRANT SELECT ON public.cases TO ${worker}`);
    expect(problems).toEqual([
      expect.stringContaining(
        `lacks SELECT on public.cases, to which a foreign key of public.case_states points; GRANT SELECT ON public.cases TO ${worker};`,
      ),
    ]);
  });
});
