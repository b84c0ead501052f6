/** What a command's exit code says: scripts and alerts depend on it. */
export const EXIT = {
  fine: 0,
  refused: 1,
  notProven: 2,
  unreachable: 3,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  fine: 'done; a run that was waited for, or looked at, is proven, or goes on',
  refused: 'the input or the settings were refused, or the run failed or needs a person',
  notProven: 'the run ended, but is not proven',
  unreachable: 'Temporal, a worker, the source or the target cannot be reached',
  interrupted: 'interrupted while waiting; the run itself goes on',
};

/** The table that every `--help` ends with. */
export function exitCodesHelp(): string {
  const lines = (Object.keys(EXIT) as (keyof typeof EXIT)[]).map(
    (name) => `  ${String(EXIT[name]).padEnd(4)} ${MEANING[name]}`,
  );
  return `\nExit codes:\n${lines.join('\n')}`;
}

/** The code of a finished run. */
export function exitOfVerdict(verdict: string): ExitCode {
  return verdict === 'not_proven' ? EXIT.notProven : EXIT.fine;
}
