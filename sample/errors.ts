/** An error of use: its message says what is wrong and what to do, and is all that is shown. */
export class SampleError extends Error {
  override readonly name = 'SampleError';
}

/** What a driver's error says of itself, without the statement and without its values. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined;
  const message = error.message === '' && inner instanceof Error ? inner.message : error.message;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
