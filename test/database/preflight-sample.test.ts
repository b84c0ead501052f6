import { runPreflights } from '../../database/preflight/run-preflight';
import { installSchema } from '../../database/schema/install';
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import { catalog } from '../../mappings/catalog';
import { createSample } from '../../sample/create';
import { createDatabases } from '../support/databases';

it('finds every mapping of the catalogue fit for the sample', async () => {
  const databases = await createDatabases();
  await createSample({ ...databases, rows: 200 });
  await installSchema(databases.targetUrl);
  const source = openSource(databases.sourceUrl);
  const target = openTarget(databases.targetUrl);
  try {
    const [first, ...rest] = catalog.names().map((name) => catalog.get(name));
    const { servers, migrations } = await runPreflights({ source, target }, [first!, ...rest]);
    expect(servers.problems).toEqual([]);
    expect(migrations.map(({ migration, result }) => [migration, result.problems])).toEqual(
      catalog.names().map((name) => [name, []]),
    );
    // Nothing but the administrator's account, which the test reads with, is worth a warning.
    expect(migrations.flatMap(({ result }) => result.warnings).filter((text) => !/more than read/.test(text))).toEqual(
      [],
    );
  } finally {
    await Promise.all([source.close(), target.end()]);
    await databases.drop();
  }
});
