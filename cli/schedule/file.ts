/** Reads a file of schedules: every problem of every schedule at once. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { listProblems } from '../../shared/errors';
import { EXIT } from '../exit-codes';
import { UserError } from '../user-error';
import type { ScheduleDefinition } from './definition';
import { checkDefinition } from './definition';

export const DEFAULT_FILE = 'schedules.json';

/** @throws UserError */
export function readSchedules(cwd: string, file: string, known: readonly string[]): ScheduleDefinition[] {
  const { definitions, problems } = checkFile(parse(resolve(cwd, file), file), known);
  if (problems.length > 0) throw new UserError(listProblems(`Nothing of ${file} was applied:`, problems), EXIT.refused);
  return [...definitions];
}

function parse(path: string, file: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      `${file} cannot be read (${code ?? 'unknown'}); schedules.example.json shows what it holds. Nothing was applied.`,
      EXIT.refused,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The message quotes the text, which names nothing but schedules.
    throw new UserError(
      `${file} is no JSON: ${error instanceof Error ? error.message : ''}. Nothing was applied.`,
      EXIT.refused,
    );
  }
}

export function checkFile(
  given: unknown,
  known: readonly string[],
): { readonly definitions: readonly ScheduleDefinition[]; readonly problems: readonly string[] } {
  const { schedules, ...others } = (
    typeof given === 'object' && given !== null && !Array.isArray(given) ? given : {}
  ) as Record<string, unknown>;
  const problems = Object.keys(others).map(
    (name) => `unknown field ${JSON.stringify(name.slice(0, 60))}; the one field is schedules`,
  );
  if (!Array.isArray(schedules)) {
    return {
      definitions: [],
      problems: [...problems, 'the file must be {"schedules": […]}; schedules.example.json is one'],
    };
  }
  const definitions: ScheduleDefinition[] = [];
  const names = new Set<string>();
  schedules.forEach((one: unknown, index) => {
    const { name } = (one ?? {}) as { name?: unknown };
    const place = `schedule ${index + 1}${typeof name === 'string' ? ` (${name.slice(0, 60)})` : ''}`;
    const checked = checkDefinition(one, known);
    problems.push(...checked.problems.map((words) => `${place}: ${words}`));
    if (typeof name === 'string' && names.has(name)) problems.push(`${place}: the name is taken by an earlier one`);
    if (typeof name === 'string') names.add(name);
    if (checked.definition !== null) definitions.push(checked.definition);
  });
  return { definitions, problems };
}
