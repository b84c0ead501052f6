/** Seconds that a server gets to answer its first query: a firewall that drops packets gives no error by itself. */
export const PATIENCE_S = 10;

class Silence extends Error {
  readonly code = 'ETIMEDOUT';
}

export const isSilence = (error: unknown): boolean => error instanceof Silence;

/** Fails with ETIMEDOUT where `answer` takes longer than a person would wait. */
export async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Silence(`no answer within ${PATIENCE_S} s`)), PATIENCE_S * 1000);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
