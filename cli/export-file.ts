/** A file for values of rows: nobody else may read it, and it is there whole or not at all. */
import { constants } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { EXIT } from './exit-codes';
import { UserError } from './user-error';

export interface ExportFile {
  readonly write: (text: string) => Promise<void>;
  /** Puts it in its place. */
  keep(): Promise<void>;
  /** Leaves nothing of it. */
  discard(): Promise<void>;
}

/** Read and written by whoever runs the command, and by nobody else. */
const MODE = 0o600;

/**
 * @param replaces true where a file of that name may be replaced
 * @throws UserError where it is there already, or cannot be written
 */
export async function openExportFile(path: string, replaces: boolean): Promise<ExportFile> {
  const refuse = (why: string): never => {
    throw new UserError(`Nothing was exported: ${path} ${why}.`, EXIT.refused);
  };
  const isThere = await access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (isThere && !replaces) refuse('is there already; name another file, or replace it with --force');
  const unfinished = `${path}.unfinished`;
  const file = await open(unfinished, 'wx', MODE).catch((error: NodeJS.ErrnoException) =>
    refuse(
      error.code === 'EEXIST'
        ? `is being written by somebody, or was not finished: see to ${unfinished}`
        : `cannot be written (${error.code ?? 'unknown'})`,
    ),
  );
  return {
    write: async (text) => {
      await file.writeFile(text).catch((error: NodeJS.ErrnoException) => {
        throw new UserError(
          `${path} cannot be written any more (${error.code ?? 'unknown'}); nothing is left of it.`,
          EXIT.refused,
        );
      });
    },
    keep: async () => {
      await file.close();
      await rename(unfinished, path);
    },
    discard: async () => {
      await file.close().catch(() => undefined);
      await rm(unfinished, { force: true });
    },
  };
}
