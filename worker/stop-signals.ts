/** SIGTERM and SIGINT ask a worker to stop. Asking again changes nothing: it is stopping, and its steps have their grace. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export type StopSignal = (typeof SIGNALS)[number];

/**
 * @param stop called once, at the first signal
 * @returns gives the signals back to the process
 */
export function onStopSignal(stop: (signal: StopSignal) => void): () => void {
  let asked = false;
  const hear = (signal: StopSignal): void => {
    if (asked) return;
    asked = true;
    stop(signal);
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return () => {
    for (const signal of SIGNALS) process.off(signal, hear);
  };
}
