/** The generator alone: the same data for the same seed, and figures that hold for every seed and size. */
import { checksum, generate, type GeneratedSample } from '../../sample/generate';
import { figuresFor } from '../../sample/figures';
import { linesOf, type Row } from '../../sample/table';
import baseline from '../../sample/baseline.json';

const DEFAULT_SHA256 = 'e1ce77e93863bc5d771d1263941eacd871f8e90173a6a4b80863ee3f87bb54f1';

function rowsOf(sample: GeneratedSample, name: string): Row[] {
  const table = [...sample.source, ...sample.target].find((candidate) => candidate.name === name);
  return [...table!.rows()];
}

describe('the generated sample', () => {
  it('is, at its default size and seed, the very same on every machine', () => {
    expect(checksum(generate({ rows: 4751, seed: 1 }))).toBe(DEFAULT_SHA256);
  });

  it('is other data for another seed or size', () => {
    const sums = [1, 2].flatMap((seed) => [20, 500].map((rows) => checksum(generate({ rows, seed }))));
    expect(new Set(sums).size).toBe(4);
    expect(checksum(generate({ rows: 500, seed: 2 }))).toBe(sums[3]);
  });

  it.each([1, 2, 19, 20, 21, 100, 500, 6000])('has exactly %i rows when asked for', (rows) => {
    const sample = generate({ rows, seed: 3 });
    const states = rowsOf(sample, 'dispatch_state');
    const ids = states.map((row) => row[0] as number);
    expect(states).toHaveLength(rows);
    expect(ids.every((id, index) => index === 0 || id > ids[index - 1]!)).toBe(true);
    const { withoutOrder } = sample.figures;
    const instructions = new Set(rowsOf(sample, 'orders').map((row) => row[1]));
    const orderless = states.filter((row) => !instructions.has(row[1]));
    expect(orderless).toHaveLength(withoutOrder.active + withoutOrder.closed);
    expect(rowsOf(sample, 'message')).toHaveLength(sample.figures.messages);
  });

  it('plans figures that add up at any size', () => {
    for (let rows = 1; rows < 20_000; rows += rows < 300 ? 1 : 41) {
      const { loaded, withoutOrder, actors, years, courses, repeats, orders, cases } = figuresFor(rows);
      const sizes = [1, 1, 2, 2, 3, 3];
      const chained = courses.reduce((sum, count, index) => sum + count * sizes[index]!, repeats.A + repeats.C);
      const sums = [
        loaded + withoutOrder.active + withoutOrder.closed,
        chained + rows - loaded,
        actors.known + actors.none + actors.unknown + rows - loaded,
        years.reduce((sum, [, count]) => sum + count, rows - loaded),
      ];
      expect([rows, ...sums]).toEqual([rows, rows, rows, rows, rows]);
      expect(Math.min(...courses, actors.none, actors.unknown, repeats.A, repeats.C)).toBeGreaterThanOrEqual(0);
      expect(courses.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(cases);
      expect(orders).toBeGreaterThan(cases);
    }
  });

  it('gives every record a key of its own', () => {
    const sample = generate({ rows: 3000, seed: 5 });
    for (const [table, columns] of [
      ['orders', [0, 1, 3]],
      ['profiles', [0, 1]],
      ['cases', [0, 1]],
      ['instruction', [0]],
      ['user', [0]],
    ] as const) {
      const rows = rowsOf(sample, table);
      for (const column of columns)
        expect([table, new Set(rows.map((row) => row[column])).size]).toEqual([table, rows.length]);
    }
    const keys = rowsOf(sample, 'message').map((row) => `${row[0]}/${row[1]}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(rowsOf(sample, 'orders')[0]![0]).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('holds no time that never was, as the platform knows the zone', () => {
    const berlin = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'Europe/Berlin',
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    const inBerlin = (time: number): string => berlin.format(time);
    /** In how many ways a wall clock can be: none in the spring gap, two in the autumn fold. */
    const instants = (clock: string): number => {
      const time = Date.parse(`${clock.replace(' ', 'T')}Z`);
      return [time - 3_600_000, time - 7_200_000].filter((instant) => inBerlin(instant) === clock).length;
    };
    const critical = (clock: string): boolean => /^....-(03|10)-(2[5-9]|3.) 0[1-3]/.test(clock);
    const sample = generate({ rows: 4751, seed: 9 });
    const clocks = rowsOf(sample, 'dispatch_state').map((row) => row[7] as string);
    expect(new Set(clocks.filter(critical).map(instants))).toEqual(new Set([1, 2]));
    const sent = rowsOf(sample, 'message').flatMap((row) => [row[8] as string, row[9] as string | null]);
    const whole = sent
      .filter((clock) => clock !== null && !clock.startsWith('0000'))
      .map((clock) => clock!.slice(0, 19));
    expect(new Set(whole.filter(critical).map(instants))).toEqual(new Set([1]));
  });

  it('writes lines that keep every character', () => {
    const texts = ['', '\\N', '\\.', 'a\tb\nc\r\\', '🦷 "x" \'y\'', ' '];
    const rows = texts.map((text, index) => [index, text, null]);
    const table = { name: 't', columns: ['a', 'b', 'c'], text: ['b'], rows: () => rows };
    const lines = Buffer.concat([...linesOf(table)]).toString('utf8');
    expect(lines.split('\n').slice(0, -1)).toEqual([
      '0\t\t\\N',
      '1\t\\\\N\t\\N',
      '2\t\\\\.\t\\N',
      '3\ta\\tb\\nc\\r\\\\\t\\N',
      '4\t🦷 "x" \'y\'\t\\N',
      '5\t \t\\N',
    ]);
  });
});

describe('the baseline of earlier migrations', () => {
  it('adds up to the estate before the run', () => {
    const sum = (key: 'records' | 'sourceRows'): number => baseline.reduce((total, line) => total + line[key], 0);
    expect([baseline.length, sum('records'), sum('sourceRows')]).toEqual([35, 1_208_154, 1_224_067]);
    expect(((100 * (sum('records') + 4552)) / (sum('sourceRows') + 4751)).toFixed(2)).toBe('98.69');
    expect(baseline.filter((line) => line.records > line.sourceRows || line.records < 0)).toEqual([]);
    expect([...new Set(baseline.map((line) => line.domain))].sort()).toEqual([
      'case lifecycle',
      'communication',
      'finance',
      'logistics',
      'patients',
      'workflow',
    ]);
    const tables = new Set(baseline.map((line) => line.table));
    expect(tables.size).toBe(35);
    expect(['orders', 'profiles', 'cases', 'case_states', 'messages'].filter((name) => tables.has(name))).toHaveLength(
      3,
    );
  });
});
