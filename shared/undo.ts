/** What starts an undo. */
import type { MigrateInput } from './run-inputs';

/** The one JSON object that starts `undo`; that the migration is named says that it is meant. */
export interface UndoInput extends Pick<
  MigrateInput,
  'migration' | 'concurrency' | 'maxParked' | 'takeOver' | 'acceptServer' | 'by'
> {
  /** Number of the latest run of the migration that wrote something. */
  readonly run: string;
  readonly reason?: string;
}
