import type { Catalog } from '../mappings/catalog';
import { EXIT } from './exit-codes';
import { UserError } from './user-error';

/** The name of a migration that can run, or an error that lists the known ones. */
export function requireMigration(catalog: Catalog, name: string): string {
  if (catalog.names().includes(name)) return name;
  throw new UserError(
    `There is no migration ${JSON.stringify(name)}; known migrations: ${catalog.names().join(', ')}.`,
    EXIT.refused,
  );
}
