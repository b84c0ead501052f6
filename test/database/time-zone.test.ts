/** Wall clocks of Berlin as instants: offsets, the spring gap, the autumn fold under each policy. */
import { caseStates } from '../../mappings/case-states';
import { defineMapping } from '../../mappings/define';
import type { Mapping } from '../../mappings/mapping';
import { migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { addStates, createClinic, forgetStates, quarantined } from './clinic';

const folding = (fold: Mapping['time']['fold']): Mapping =>
  defineMapping({ ...caseStates, time: { ...caseStates.time, fold } });

let engine: Engine;

beforeAll(async () => {
  engine = await createClinic();
});

afterEach(() => forgetStates(engine));
afterAll(() => engine?.drop());

/** Carries wall clocks; returns the UTC instant of each, or the reasons why it has none. */
async function carried(mapping: Mapping, walls: readonly string[]): Promise<Record<string, string>> {
  await addStates(
    engine,
    walls.map((created_at, index) => ({ id: index + 1, created_at })),
  );
  const { headline } = await migrate(engine, mapping);
  expect(headline.findings).toBe(0);
  const instants = await engine.onTarget<{ id: string; at: string }>(
    `SELECT legacy_id AS id, to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at FROM case_states`,
  );
  const found = new Map(instants.map(({ id, at }) => [Number(id), at.replace('.000000', '')]));
  const unfit = await quarantined(engine);
  return Object.fromEntries(
    walls.map((wall, index) => [wall, found.get(index + 1) ?? (unfit[index + 1] ?? []).join(',')]),
  );
}

describe('wall clocks of Europe/Berlin', () => {
  it('are one hour ahead of UTC in winter and two in summer', async () => {
    const instants = {
      '2024-01-15 12:00:00': '2024-01-15 11:00:00',
      '2024-07-15 12:00:00': '2024-07-15 10:00:00',
      '2024-01-01 00:30:00': '2023-12-31 23:30:00',
      '2024-12-31 23:59:59': '2024-12-31 22:59:59',
      '1995-09-30 12:00:00': '1995-09-30 11:00:00', // until then summer time ended in September
      '1970-07-01 12:00:00': '1970-07-01 11:00:00', // there was no summer time
    };
    expect(await carried(caseStates, Object.keys(instants))).toEqual(instants);
  });

  it('have no instant inside the spring gap, and the right ones on its either side', async () => {
    const instants = {
      '2024-03-31 01:59:59': '2024-03-31 00:59:59',
      '2024-03-31 02:00:00': 'time_gap',
      '2024-03-31 02:30:00': 'time_gap',
      '2024-03-31 02:59:59': 'time_gap',
      '2024-03-31 03:00:00': '2024-03-31 01:00:00',
      '2024-03-30 02:30:00': '2024-03-30 01:30:00',
      '2024-04-01 02:30:00': '2024-04-01 00:30:00',
    };
    expect(await carried(caseStates, Object.keys(instants))).toEqual(instants);
  });

  const eitherSide = {
    '2024-10-27 01:59:59': '2024-10-26 23:59:59',
    '2024-10-27 03:00:00': '2024-10-27 02:00:00',
    '2024-10-26 02:30:00': '2024-10-26 00:30:00',
    '2024-10-28 02:30:00': '2024-10-28 01:30:00',
  };

  it.each([
    ['first', ['2024-10-27 00:00:00', '2024-10-27 00:30:00', '2024-10-27 00:59:59']],
    ['second', ['2024-10-27 01:00:00', '2024-10-27 01:30:00', '2024-10-27 01:59:59']],
    ['quarantine', ['time_ambiguous', 'time_ambiguous', 'time_ambiguous']],
  ] as const)('in the autumn fold follow the policy %s', async (policy, fold) => {
    const instants = {
      ...eitherSide,
      '2024-10-27 02:00:00': fold[0],
      '2024-10-27 02:30:00': fold[1],
      '2024-10-27 02:59:59': fold[2],
    };
    expect(await carried(folding(policy), Object.keys(instants))).toEqual(instants);
  });

  it('of another zone follow that zone', async () => {
    const mapping = defineMapping({ ...caseStates, time: { ...caseStates.time, zone: 'America/New_York' } });
    const instants = {
      '2024-01-15 12:00:00': '2024-01-15 17:00:00',
      '2024-07-15 12:00:00': '2024-07-15 16:00:00',
      '2024-03-10 02:30:00': 'time_gap',
      '2024-03-31 02:30:00': '2024-03-31 06:30:00',
      '2024-11-03 01:30:00': '2024-11-03 05:30:00',
    };
    expect(await carried(mapping, Object.keys(instants))).toEqual(instants);
  });

  it('that are no times are invalid, not invented', async () => {
    const instants = {
      '0000-00-00 00:00:00': 'value_invalid',
      '2023-02-31 10:00:00': 'value_invalid',
      '2022-05-00 10:00:00': 'value_invalid',
      '2024-02-29 10:00:00': '2024-02-29 09:00:00',
    };
    expect(await carried(caseStates, Object.keys(instants))).toEqual(instants);
  });
});
