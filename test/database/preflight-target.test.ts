import { runPreflight } from '../../database/preflight/run-preflight';
import type { PreflightResult } from '../../database/preflight/run-preflight';
import { openTarget } from '../../database/target/open-target';
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
  await fixture.asTargetAdmin(...broken);
  try {
    return await preflight(mapping);
  } finally {
    await fixture.asTargetAdmin(...mended);
  }
}

describe('the target', () => {
  it('lacks the table', async () => {
    const result = await preflight(changed({ target: { schema: 'public', table: 'visitz' } }));
    expect(result.problems[0]).toMatch(/has no table public.visitz; create it/);
  });

  it('lacks columns, or has them in a form that cannot be written: all said at once', async () => {
    const result = await outOfOrder(
      [
        'ALTER TABLE visits RENAME body TO body_text',
        'ALTER TABLE visits ALTER fee SET NOT NULL, ADD branch int NOT NULL',
        `ALTER TABLE visits DROP urgent, ADD urgent boolean GENERATED ALWAYS AS (kind = 'first') STORED`,
      ],
      [
        'ALTER TABLE visits RENAME body_text TO body',
        'ALTER TABLE visits ALTER fee DROP NOT NULL, DROP branch, DROP urgent, ADD urgent boolean NOT NULL',
      ],
    );
    expect(result.problems).toEqual([
      expect.stringMatching(/"visits.urgent" is GENERATED ALWAYS/),
      expect.stringMatching(/"visits" has no column "body"/),
      expect.stringMatching(/"visits.fee" is NOT NULL, but the mapping visits lets NULL pass/),
      expect.stringMatching(/"visits.branch" is NOT NULL without a default/),
    ]);
  });

  it.each([
    ['legacy_id', 'integer', 'bigint', /"visits.legacy_id" is integer: it needs bigint/],
    ['title', 'varchar(40)', 'varchar(80)', /character varying\(40\): the rule lets 80 characters pass/],
    ['body', 'varchar(200)', 'text', /give the rule "max": 200/],
    ['body', 'char(200)', 'text', /it needs text or character varying/],
    ['fee', 'numeric(10,1)', 'numeric(10,2)', /it needs numeric\(10,2\)/],
    ['fee', 'numeric(8,2)', 'numeric(10,2)', /it needs numeric\(10,2\)/],
    ['at', 'timestamp', 'timestamptz', /it needs timestamp with time zone/],
    ['at', 'timestamptz(0)', 'timestamptz', /at least 3 fractional digits/],
    ['lineage', 'json', 'jsonb', /Carryover writes jsonb into it/],
    ['user_id', 'text', 'uuid', /the lookup answers with profiles.id, which is uuid/],
    ['kind', 'text', 'visit_kind', /the mapping writes the enum type "visit_kind" into it/],
  ])('has %s as %s', async (column, type, before, says) => {
    const using = (to: string): string => `ALTER TABLE visits ALTER ${column} TYPE ${to} USING ${column}::text::${to}`;
    const constraint = 'ALTER TABLE visits DROP CONSTRAINT IF EXISTS visits_user_id_fkey';
    const result = await outOfOrder([constraint, using(type)], [using(before)]);
    expect(result.problems).toEqual([expect.stringMatching(says)]);
  });

  it('lacks a label, or the enum type', async () => {
    const code = { kind: 'code', type: 'visit_kind', codes: { 1: 'first' }, unknown: { value: 'last' } };
    expect((await preflight(withColumn(1, { convert: code }))).problems.join()).toMatch(/lacks the label 'last'/);
    const other = await preflight(withColumn(1, { convert: { ...code, type: 'visit_sort' } }));
    expect(other.problems.join()).toMatch(/enum type "visit_sort", which does not exist/);
  });

  it('takes a domain for its base type', async () => {
    const result = await outOfOrder(
      ['CREATE DOMAIN short AS varchar(80)', 'ALTER TABLE visits ALTER title TYPE short'],
      ['ALTER TABLE visits ALTER title TYPE varchar(80)', 'DROP DOMAIN short'],
    );
    expect(result.problems).toEqual([]);
  });

  it.each([
    ['none', []],
    ['a partial one', ['CREATE UNIQUE INDEX partial ON visits (legacy_id) WHERE urgent']],
    ['a deferrable one', ['ALTER TABLE visits ADD CONSTRAINT late UNIQUE (legacy_id) DEFERRABLE']],
    ['a wider one', ['CREATE UNIQUE INDEX wider ON visits (legacy_id, kind)']],
  ])('has no unique index over the legacy key: %s', async (_what, more) => {
    const result = await outOfOrder(
      ['ALTER TABLE visits DROP CONSTRAINT visits_legacy_id_key', ...more],
      [
        'DROP INDEX IF EXISTS partial, wider',
        'ALTER TABLE visits DROP CONSTRAINT IF EXISTS late, ADD CONSTRAINT visits_legacy_id_key UNIQUE (legacy_id)',
      ],
    );
    expect(result.problems).toEqual([
      expect.stringMatching(/no unique index over the legacy key \(legacy_id\).*ADD UNIQUE \("legacy_id"\);/),
    ]);
  });

  it('lacks lookup tables and columns, or has them of another type', async () => {
    const [order] = visits.cases;
    const looking = (lookup: object) => changed({ cases: [{ ...order!, lookup: { ...order!.lookup, ...lookup } }] });
    expect((await preflight(looking({ table: 'orderz' }))).problems.join()).toMatch(
      /no table public.orderz that the case/,
    );
    expect((await preflight(looking({ key: 'numberr' }))).problems.join()).toMatch(/"orders" has no column "numberr"/);
    expect((await preflight(looking({ key: 'id' }))).problems.join()).toMatch(/"orders.id" is uuid, .*reads text/);
  });

  it('lacks an index on a lookup: a warning', async () => {
    const result = await outOfOrder(
      ['ALTER TABLE orders DROP CONSTRAINT orders_order_number_key'],
      ['ALTER TABLE orders ADD CONSTRAINT orders_order_number_key UNIQUE (order_number)'],
    );
    expect(result.problems).toEqual([]);
    expect(result.warnings).toEqual([expect.stringMatching(/"orders.order_number" has no index/)]);
  });

  it('withholds privileges: every GRANT at once', async () => {
    const { worker } = fixture;
    const result = await outOfOrder(
      [
        `REVOKE INSERT, UPDATE ON visits FROM ${worker}`,
        `REVOKE SELECT ON profiles FROM ${worker}`,
        `REVOKE CREATE ON SCHEMA carryover_stage FROM ${worker}`,
        `REVOKE UPDATE ON carryover.batches FROM ${worker}`,
        `REVOKE ALL ON SEQUENCE carryover.attempt_token FROM ${worker}`,
      ],
      [
        `GRANT INSERT, UPDATE ON visits TO ${worker}`,
        `GRANT SELECT ON profiles TO ${worker}`,
        `GRANT CREATE ON SCHEMA carryover_stage TO ${worker}`,
        `GRANT UPDATE ON carryover.batches TO ${worker}`,
        `GRANT USAGE, SELECT ON SEQUENCE carryover.attempt_token TO ${worker}`,
      ],
    );
    expect(result.problems).toEqual([
      expect.stringMatching(
        /ledger \(batches\); GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA carryover/,
      ),
      expect.stringMatching(/GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA carryover/),
      expect.stringMatching(/GRANT USAGE, CREATE ON SCHEMA carryover_stage/),
      expect.stringMatching(
        /lacks INSERT, UPDATE on public.visits; GRANT INSERT, UPDATE ON "public"."visits" TO worker_/,
      ),
      expect.stringMatching(/lacks SELECT on public.profiles/),
    ]);
  });

  it('has row security that applies to the worker', async () => {
    const result = await outOfOrder(
      ['ALTER TABLE orders ENABLE ROW LEVEL SECURITY'],
      ['ALTER TABLE orders DISABLE ROW LEVEL SECURITY'],
    );
    expect(result.problems).toEqual([expect.stringMatching(/active on public.orders .*BYPASSRLS/)]);
  });

  it('has triggers of a user: a warning that names them', async () => {
    const result = await outOfOrder(
      [
        'CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$',
        'CREATE TRIGGER touch_visit BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION touch()',
      ],
      ['DROP FUNCTION touch CASCADE'],
    );
    expect(result.problems).toEqual([]);
    expect(result.warnings).toEqual([expect.stringMatching(/has triggers .*\(touch_visit\)/)]);
  });

  it('has rules, and an upsert is refused', async () => {
    const result = await outOfOrder(
      ['CREATE RULE keep AS ON UPDATE TO visits DO ALSO NOTHING'],
      ['DROP RULE keep ON visits'],
    );
    expect(result.problems[0]).toMatch(/public.visits has rules, .* DROP RULE/);
  });

  it('has a rule on DELETE, which matters to an undo, and where rows that are gone are deleted', async () => {
    const rule = 'CREATE RULE keep AS ON DELETE TO visits DO ALSO NOTHING';
    const drop = 'DROP RULE keep ON visits';
    expect((await outOfOrder([rule], [drop])).problems).toEqual([]);
    const deleting = changed({ gone: { policy: 'delete' } });
    const result = await outOfOrder([rule], [drop], deleting);
    expect(result.problems[0]).toMatch(/public.visits has rules, .* and an undo; DROP RULE/);
  });

  it('logs values: a warning for each setting, with the command', async () => {
    const { worker } = fixture;
    const reset = (name: string): string => `ALTER ROLE ${worker} RESET ${name}`;
    const names = ['log_min_messages', 'log_min_error_statement'];
    await fixture.asTargetAdmin(...names.map(reset), `ALTER ROLE ${worker} SET log_statement = 'all'`);
    const target = openTarget(fixture.targetUrl);
    try {
      const { warnings } = await runPreflight({ ...fixture, target, mapping: visits });
      expect(warnings).toContainEqual(expect.stringMatching(/^log_statement is all: .*SET log_statement = 'none'/));
    } finally {
      await target.end();
      await fixture.asTargetAdmin(
        `ALTER ROLE ${worker} SET log_min_messages = fatal`,
        `ALTER ROLE ${worker} SET log_min_error_statement = panic`,
        `ALTER ROLE ${worker} SET log_statement = 'none'`,
      );
    }
  });

  it('does not know the time zone', async () => {
    const result = await preflight(changed({ time: { ...visits.time, zone: 'Europe/Berlim' } }));
    expect(result.problems).toEqual([expect.stringMatching(/time zone "Europe\/Berlim", which the target .*IANA/)]);
  });

  it('has a ledger that is older, newer, or missing', async () => {
    const older = await outOfOrder(
      [`UPDATE carryover.schema_changes SET name = '0000-' || name`],
      [`UPDATE carryover.schema_changes SET name = substr(name, 6)`],
    );
    expect(older.problems[0]).toMatch(/at 0000-\S+, older than this version needs .*run `carryover setup`/);
    const newer = await outOfOrder(
      [`INSERT INTO carryover.schema_changes (name, batch) VALUES ('9999-later', 9)`],
      [`DELETE FROM carryover.schema_changes WHERE name = '9999-later'`],
    );
    expect(newer.problems[0]).toMatch(/at 9999-later, newer than this version knows .*upgrade Carryover/);
    const missing = await outOfOrder(
      ['ALTER SCHEMA carryover RENAME TO elsewhere'],
      ['ALTER SCHEMA elsewhere RENAME TO carryover'],
    );
    expect(missing.problems[0]).toMatch(/no schema "carryover" with the ledger; run `carryover setup`/);
  });
});

describe('rows that are gone from the source', () => {
  const marking = changed({ gone: { policy: 'mark', column: 'gone_since' } });
  const deleting = changed({ gone: { policy: 'delete' } });

  it.each([
    [undefined, /has no column "gone_since", .* ADD "gone_since" timestamptz;/],
    ['date', /"visits.gone_since" is date: it needs timestamp with time zone/],
    ['timestamptz NOT NULL DEFAULT now()', /"visits.gone_since" is NOT NULL, but a row that the source has/],
  ])('cannot be marked in a column that is %s', async (type, said) => {
    const result =
      type === undefined
        ? await preflight(marking)
        : await outOfOrder(
            [`ALTER TABLE visits ADD gone_since ${type}`],
            ['ALTER TABLE visits DROP gone_since'],
            marking,
          );
    expect(result.problems).toEqual(expect.arrayContaining([expect.stringMatching(said)]));
  });

  it('cannot be deleted without the right to, nor where it cannot be seen what refers to them', async () => {
    const broken = await outOfOrder(
      ['CREATE TABLE hints (visit_id uuid REFERENCES visits)', 'REVOKE ALL ON hints FROM PUBLIC'],
      ['DROP TABLE hints'],
      deleting,
    );
    expect(broken.problems).toEqual([
      expect.stringMatching(/lacks DELETE on public.visits; GRANT DELETE ON "public"."visits" TO/),
      expect.stringMatching(/lacks SELECT on public.hints, whose rows refer to public.visits/),
    ]);
  });
});
