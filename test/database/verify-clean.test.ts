/** On a target that nobody damaged nothing is reported, whatever its size, with and without rows that do not fit. */
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import { createEngine, migrate } from '../support/engine';
import { verify } from '../support/verification';

const SIZES = [40, 150, 600, 2_400, 9_000];

it.each(SIZES.flatMap((rows) => [false, true].map((dirty) => [rows, dirty] as const)))(
  'nothing is reported on %i rows (dirty: %s), of either mapping',
  async (rows, dirty) => {
    const engine = await createEngine({ sample: { rows, dirty } });
    try {
      for (const mapping of [caseStates, messages]) {
        const { headline } = await migrate(engine, mapping, Math.ceil(rows / 4));
        const found = await verify(engine, mapping, true);
        expect(found).toMatchObject({ findings: [], faults: {}, read: 0, defects: 0, moved: 0, notVerified: 0 });
        expect(found.verdict).toBe(found.quarantined > 0 ? 'proven_with_exceptions' : 'proven');
        expect(found.loaded + found.quarantined).toBe(headline.source);
        expect(found.loaded).toBeGreaterThan(0);
      }
    } finally {
      await engine.drop();
    }
  },
);
