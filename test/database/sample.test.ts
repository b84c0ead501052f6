/** The sample on real servers, by SQL of its own: neither the pipeline nor the generator's insides are asked. */
import { Client } from 'pg';
import { createConnection } from 'mysql2/promise';
import { createSample, type CreatedSample } from '../../sample/create';
import { createDatabases, type Databases } from '../support/databases';
import { oracle } from '../support/oracle';
import { FOLDS, GAPS, Recount } from '../support/oracle-recount';

const SEEDS = [1, 20_260_101];

const texts = {
  'a double quote': '"',
  'a single quote': "'",
  'a backslash': '\\',
  'a tab': '\t',
  'a newline': '\n',
  'a carriage return': '\r',
  "COPY's end mark on a line of its own": '\n\\.\n',
  "COPY's NULL mark": '\\N',
  'an emoji': '🦷',
  'an umlaut': 'ß',
};

const list = (days: readonly string[], from: string, to: string): string =>
  days.map((day) => `created_at BETWEEN '${day} ${from}' AND '${day} ${to}'`).join(' OR ');

describe.each(SEEDS)('the default sample of seed %i', (seed) => {
  let databases: Databases;
  let made: CreatedSample;
  let recount: Recount;
  let target: Client;

  beforeAll(async () => {
    databases = await createDatabases();
    made = await createSample({ ...databases, seed });
    recount = await Recount.open(databases.sourceUrl, databases.targetUrl);
    target = new Client({ connectionString: databases.targetUrl });
    await target.connect();
  });

  afterAll(async () => {
    await recount.close();
    await target.end();
    await databases.drop();
  });

  const answer = async (sql: string): Promise<number[]> => {
    const { rows } = await target.query<(string | number)[]>({ text: sql, rowMode: 'array' });
    return rows[0]!.map(Number);
  };

  it('has the rows of the run it imitates, by status, loaded and not', async () => {
    expect(made).toMatchObject({ rows: 4751, dirtyRows: 0, messages: 2000, orders: 23_049, profiles: 9085 });
    const byStatus = `SELECT status, count(*), sum(cases = 1), sum(cases = 0) FROM judged GROUP BY status ORDER BY 1`;
    expect(await recount.rows(byStatus)).toEqual([
      ['11', '2599', '2427', '172'],
      ['12', '2152', '2125', '27'],
    ]);
  });

  it('has its actors: known, none, and users who are no profile', async () => {
    const sql = `SELECT sum(profiles = 1), sum(profiles = 0), sum(actor_id IS NULL) > 20,
      sum(profiles = 0 AND actor_id IS NOT NULL) > 20 FROM judged WHERE cases = 1`;
    expect(await recount.rows(sql)).toEqual([['4357', '195', '1', '1']]);
  });

  it('has its years, by the wall clock', async () => {
    const sql = 'SELECT year(created_at), count(*) FROM judged WHERE cases = 1 GROUP BY 1 ORDER BY 1';
    expect(await recount.rows(sql)).toEqual([
      ['2018', '17'],
      ['2019', '40'],
      ['2020', '53'],
      ['2021', '229'],
      ['2022', '653'],
      ['2023', '663'],
      ['2024', '1745'],
      ['2025', '1152'],
    ]);
    const utc = "SELECT count(*) FROM judged WHERE cases = 1 AND created_at LIKE '%-01-01 00:%'";
    expect(await recount.count(utc)).toBeGreaterThan(4); // in UTC, they would fall into the year before
  });

  it('has its transitions, and the cases with their first states', async () => {
    const course = (order: string): string => `(SELECT case_id, status,
        lag(status) OVER (PARTITION BY case_id ORDER BY ${order}) AS before_it FROM judged WHERE cases = 1) c`;
    const transitions = (order: string): string => `SELECT before_it, status, count(*) FROM ${course(order)}
      GROUP BY 1, 2 ORDER BY 1, 2`;
    expect(await recount.rows(transitions('created_at, id'))).toEqual([
      [null, '11', '1037'],
      [null, '12', '1217'],
      ['11', '11', '1273'],
      ['11', '12', '278'],
      ['12', '11', '117'],
      ['12', '12', '630'],
    ]);
    expect(await recount.count('SELECT count(DISTINCT case_id) FROM judged WHERE cases = 1')).toBe(2254);
    // Both parts of the order matter: by ids alone, or with ties the other way round, other figures come out.
    const [right, byId, tiesReversed] = await Promise.all(
      ['created_at, id', 'id', 'created_at, id DESC'].map((order) => recount.rows(transitions(order))),
    );
    expect(byId).not.toEqual(right);
    expect(tiesReversed).not.toEqual(right);
  });

  it('has the lookups of the run, each key with one answer, and both tables still empty', async () => {
    const sql = `SELECT
      (SELECT count(DISTINCT instruction_id) FROM orders), (SELECT count(*) FROM orders),
      (SELECT count(DISTINCT order_number) FROM orders),
      (SELECT count(DISTINCT legacy_user_id) FROM profiles), (SELECT count(*) FROM profiles),
      (SELECT count(*) FROM case_states), (SELECT count(*) FROM messages)`;
    expect(await answer(sql)).toEqual([23_049, 23_049, 23_049, 9085, 9085, 0, 0]);
    const twice = 'SELECT count(*) > 100 FROM (SELECT case_id FROM orders GROUP BY 1 HAVING count(*) > 1) s';
    expect((await target.query({ text: twice, rowMode: 'array' })).rows).toEqual([[true]]);
    const ids = await recount.rows('SELECT max(id) - min(id) + 1 > count(*), count(DISTINCT id) FROM dispatch_state');
    expect(ids).toEqual([['1', '4751']]);
  });

  it('has times in the autumn fold and on either side of the spring gap, none inside it', async () => {
    const count = (where: string): Promise<number> =>
      recount.count(`SELECT count(*) FROM judged WHERE cases = 1 AND (${where})`);
    expect(await count(list(FOLDS, '02:00:00', '02:59:59'))).toBeGreaterThanOrEqual(7);
    expect(await count(list(GAPS, '01:59:59', '01:59:59'))).toBeGreaterThanOrEqual(7);
    expect(await count(list(GAPS, '03:00:00', '03:00:00'))).toBeGreaterThanOrEqual(7);
    const inGap = list(GAPS, '02:00:00', '02:59:59');
    expect(await recount.count(`SELECT count(*) FROM dispatch_state WHERE ${inGap}`)).toBe(0);
  });

  it.each(Object.entries(texts))('has texts with %s', async (_what, text) => {
    const holds = (column: string): string =>
      `sum(locate(x'${Buffer.from(text).toString('hex')}', cast(${column} AS BINARY)) > 0)`;
    const rows = [
      ...(await recount.rows(`SELECT ${holds('notes')} + ${holds('reason')} FROM dispatch_state`)),
      ...(await recount.rows(`SELECT ${holds('subject')} + ${holds('body')} FROM message`)),
    ];
    const [states, messages] = rows.map(([count]) => Number(count));
    expect(states).toBeGreaterThan(0);
    expect(messages).toBeGreaterThan(0);
  });

  it('has empty texts beside NULL, blanks at either end, and none too long for the target', async () => {
    for (const column of ['reason', 'notes']) {
      const sql = `SELECT sum(${column} IS NULL) > 0, sum(hex(${column}) = '') > 0, sum(hex(${column}) LIKE '20%') > 0,
        sum(hex(${column}) LIKE '%20') > 0 FROM dispatch_state`;
      expect([column, await recount.rows(sql)]).toEqual([column, [['1', '1', '1', '1']]]);
    }
    expect(await recount.count('SELECT max(char_length(reason)) FROM dispatch_state')).toBe(120);
    expect(await recount.count('SELECT max(char_length(subject)) FROM message')).toBe(200);
  });

  it('has messages that can all be loaded: references known, times plain, some dates zero', async () => {
    const sql = `SELECT count(*), sum(m.order_number IS NOT NULL AND coalesce(o.answers, 0) <> 1),
        sum(coalesce(p.answers, 0) <> 1), sum(m.order_number IS NULL) > 0, sum(due_on = 0) > 0, sum(read_at = 0) > 0,
        sum(fee IS NULL) > 0, sum(fee < 0) > 0, sum(thread_id > 2147483647) > 0, count(DISTINCT thread_id) < count(*)
      FROM message m LEFT JOIN o_number o ON o.name = cast(m.order_number AS BINARY)
      LEFT JOIN p_user p ON p.name = cast(m.sender_id AS BINARY)`;
    expect(await recount.rows(sql)).toEqual([['2000', '0', '0', '1', '1', '1', '1', '1', '1', '1']]);
    const days = [...FOLDS, ...GAPS].map((day) => `'${day}'`).join(', ');
    const critical = ['sent_at', 'read_at']
      .map((time) => `date(${time}) IN (${days}) AND hour(${time}) = 2`)
      .join(' OR ');
    expect(await recount.count(`SELECT count(*) FROM message WHERE ${critical}`)).toBe(0);
  });

  it('gives the oracle the figures of the run', async () => {
    const figures = await oracle({ ...databases, migration: 'case-states' });
    expect(figures).toMatchObject({
      balance: { source: 4751, loaded: 4552, quarantined: 199, excluded: 0, pending: 0 },
      actors: { mapped: 4357, missing: 195 },
      coverage: {
        case: { available: 23_049, resolved: 4552, missing: 199 },
        actor: { available: 9085, resolved: 4357, missing: 195 },
      },
      states: [
        { state: 'treatment_active', rows: 2427, share: 53.32 },
        { state: 'case_closed', rows: 2125, share: 46.68 },
      ],
      quarantine: [
        { reason: 'case_unmapped', status: '11', rows: 172 },
        { reason: 'case_unmapped', status: '12', rows: 27 },
      ],
    });
    expect(figures.transitions.map(({ rows }) => rows)).toEqual([1273, 630, 278, 117]);
    expect(figures.years.map(({ growth }) => growth)).toEqual([
      null,
      135.29,
      32.5,
      332.08,
      185.15,
      1.53,
      163.2,
      -33.98,
    ]);
  });

  it('marks both databases', async () => {
    const mark = 'SELECT seed, row_count, dirty, complete FROM carryover_sample';
    expect(await recount.rows(mark)).toEqual([[String(seed), '4751', '0', '1']]);
    expect((await target.query(mark)).rows).toEqual([
      { seed: String(seed), row_count: '4751', dirty: false, complete: true },
    ]);
  });
});

it('has the same data whether the source lets files in or not', async () => {
  const databases = await createDatabases();
  const source = await createConnection({ uri: databases.sourceUrl });
  try {
    const checksums = async (): Promise<unknown> =>
      (await source.query('CHECKSUM TABLE dispatch_state, message, instruction, user, patient, shipment, payment'))[0];
    await createSample({ ...databases, rows: 700 });
    const byFile = await checksums();
    await createSample({ ...databases, rows: 700, inserts: true });
    expect(await checksums()).toEqual(byFile);
    await createSample({ ...databases, rows: 700, seed: 2 });
    expect(await checksums()).not.toEqual(byFile);
  } finally {
    await source.end();
    await databases.drop();
  }
});
