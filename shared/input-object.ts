/** What every input is: one JSON object of known fields, most of which name a migration. */

/** An input once it is checked; null where there are problems, of which all are told at once. */
export interface Checked<T> {
  readonly input: T | null;
  readonly problems: readonly string[];
}

/** The fields of an input, of any type yet; null where it is no object. */
export interface InputFields {
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly problems: string[];
}

/** @param names those that it may have */
export function readFields(given: unknown, names: readonly string[], example: string): InputFields {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
    const problems = Object.keys(given)
      .filter((name) => !names.includes(name))
      .map((name) => `unknown field ${JSON.stringify(name.slice(0, 60))}; the fields are ${names.join(', ')}`);
    return { fields: given as Record<string, unknown>, problems };
  }
  const kind = Array.isArray(given) ? 'a list' : `a ${typeof given}`;
  const found =
    given === undefined || given === null ? 'no input was given; it is' : `the input is ${kind}; it must be`;
  return { fields: null, problems: [`${found} one JSON object, such as ${example}`] };
}

/**
 * The same of an input whose `migration` must be one that there is.
 *
 * @param known names of the migrations that there are
 */
export function readMigrationFields(
  given: unknown,
  names: readonly string[],
  example: string,
  known: readonly string[],
): InputFields {
  const { fields, problems } = readFields(given, names, example);
  const list = `known migrations: ${known.join(', ')}`;
  if (fields === null) return { fields, problems: problems.map((words) => `${words}; ${list}`) };
  const { migration } = fields;
  if (migration === undefined) problems.push(`"migration" is missing; ${list}`);
  else if (typeof migration !== 'string') problems.push(`"migration" must be a text; ${list}`);
  else if (!known.includes(migration)) {
    problems.push(`there is no migration ${JSON.stringify(migration.slice(0, 60))}; ${list}`);
  }
  return { fields, problems };
}
