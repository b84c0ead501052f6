/** Refuses an update in words alone: the Temporal UI would print a stack with it, file paths and all. */
export function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const error = new Error(problems.join('; '));
  error.stack = '';
  throw error;
}
