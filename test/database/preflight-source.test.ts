import { runPreflight } from '../../database/preflight/run-preflight';
import type { PreflightResult } from '../../database/preflight/run-preflight';
import { openSource } from '../../database/source/open-source';
import type { Mapping } from '../../mappings/mapping';
import type { PreflightFixture } from './preflight-fixture';
import { changed, createPreflightFixture, visits, withColumn } from './preflight-fixture';

let fixture: PreflightFixture;

beforeAll(async () => {
  fixture = await createPreflightFixture();
});
afterAll(() => fixture.drop());

const preflight = (mapping: Mapping = visits): Promise<PreflightResult> => runPreflight({ ...fixture, mapping });

/** Puts the database out of order for one preflight, and back. */
async function outOfOrder(broken: string[], mended: string[], mapping?: Mapping): Promise<PreflightResult> {
  await fixture.asSourceAdmin(...broken);
  try {
    return await preflight(mapping);
  } finally {
    await fixture.asSourceAdmin(...mended);
  }
}

describe('the source', () => {
  it('lacks the table, for a user who may see that', async () => {
    const result = await preflight(changed({ source: { ...visits.source, table: 'visitt' } }));
    expect(result.problems[0]).toMatch(/has no table "visitt"; correct source.table in the mapping visits/);
  });

  it('withholds SELECT', async () => {
    const database = `\`${new URL(fixture.sourceUrl).pathname.slice(1)}\``;
    const reader = `'${fixture.reader}'@'%'`;
    await fixture.asSourceAdmin(
      'CREATE TABLE other (id int)',
      `GRANT SELECT ON ${database}.other TO ${reader}`,
      `REVOKE SELECT ON ${database}.* FROM ${reader}`,
    );
    // A connection keeps the rights in its database that it came with.
    const source = openSource(fixture.sourceUrl);
    try {
      const result = await runPreflight({ ...fixture, source, mapping: visits });
      expect(result.problems[0]).toMatch(
        /may not read "visit", or there is no such table; GRANT SELECT ON `visit` TO 'reader_\w+'@'%';/,
      );
    } finally {
      await source.close();
      await fixture.asSourceAdmin(`GRANT SELECT ON ${database}.* TO ${reader}`, 'DROP TABLE other');
    }
  });

  it('lets the user write: a warning', async () => {
    const database = `\`${new URL(fixture.sourceUrl).pathname.slice(1)}\``;
    const result = await outOfOrder(
      [`GRANT INSERT, DELETE ON ${database}.visit TO '${fixture.reader}'@'%'`],
      [`REVOKE INSERT, DELETE ON ${database}.visit FROM '${fixture.reader}'@'%'`],
    );
    expect(result.problems).toEqual([]);
    expect(result.warnings).toEqual([expect.stringMatching(/may do more than read "visit" \(INSERT, DELETE\)/)]);
  });

  it('has no transactions: a warning', async () => {
    const result = await outOfOrder(['ALTER TABLE visit ENGINE = MyISAM'], ['ALTER TABLE visit ENGINE = InnoDB']);
    expect(result.warnings).toEqual([expect.stringMatching(/"visit" has MyISAM, which gives no consistent snapshot/)]);
  });

  it('lacks a column, has one that would be left behind, and one of another type: all said at once', async () => {
    const result = await outOfOrder(
      ['ALTER TABLE visit DROP COLUMN body, ADD COLUMN extra int, MODIFY at timestamp(3) NULL, MODIFY fee double'],
      ['ALTER TABLE visit ADD COLUMN body text, DROP COLUMN extra, MODIFY at datetime(3), MODIFY fee decimal(10,2)'],
    );
    expect(result.problems).toEqual([
      expect.stringMatching(/"visit" has no column "body"/),
      expect.stringMatching(/does not name the column "extra" .* list it under source.ignored/),
      expect.stringMatching(/"visit.fee" is double, .*"decimal".*name the converter "float"/),
      expect.stringMatching(/"visit.at" is timestamp\(3\), .*"instant".*name the converter "timestamp"/),
    ]);
  });

  it.each([
    ['another scale', withColumn(5, { convert: { kind: 'decimal', precision: 10, scale: 3 } }), /say scale 2/],
    [
      'another precision',
      withColumn(7, { convert: { kind: 'instant', precision: 0, zero: 'null' } }),
      /say precision 3/,
    ],
    ['a date as text outside the lineage', withColumn(6, { convert: { kind: 'text' } }), /"visit.seen_on" is date/],
    ['text as a boolean', withColumn(2, { source: 'title' }), /"visit.title" is varchar\(80\)/],
  ])('is read by %s', async (_what, mapping, says) => {
    expect((await preflight(mapping)).problems.join('\n')).toMatch(says);
  });

  it.each([
    [['user_id'], /\(user_id\), which is no primary key .*PRIMARY \(id\)/],
    [['id', 'user_id'], /\(id, user_id\), which is no primary key/],
  ])('has no key %j', async (key, says) => {
    const mapping = changed({
      source: { ...visits.source, key },
      columns: [...visits.columns, { source: 'user_id', target: 'body', convert: { kind: 'integer', type: 'bigint' } }],
    });
    expect((await preflight(mapping)).problems.join('\n')).toMatch(says);
  });

  it.each([
    ['a prefix', 'MODIFY title varchar(80) NOT NULL, ADD UNIQUE u (title(10))', false],
    ['a whole column, but not unique', 'MODIFY title varchar(80) NOT NULL, ADD INDEX u (title)', false],
    ['a column that may be NULL', 'ADD UNIQUE u (title)', false],
    ['a whole column', 'MODIFY title varchar(80) NOT NULL, ADD UNIQUE u (title)', true],
  ])('has as an index %s', async (_what, alter, fits) => {
    const result = await outOfOrder(
      [`ALTER TABLE visit ${alter}`],
      ['ALTER TABLE visit DROP INDEX u, MODIFY title varchar(80) NULL'],
      changed({ source: { ...visits.source, key: ['title'] } }),
    );
    expect(result.problems.some((sentence) => /no primary key and no unique index/.test(sentence))).toBe(!fits);
  });

  it('does not understand the predicate', async () => {
    const result = await preflight(changed({ source: { ...visits.source, where: 'no_such_column = 1' } }));
    expect(result.problems).toEqual([
      expect.stringMatching(/source.where .* refused by the source \(ER_BAD_FIELD_ERROR\)/),
    ]);
    expect((await preflight(changed({ source: { ...visits.source, where: 'kind <> 9' } }))).problems).toEqual([]);
  });
});
