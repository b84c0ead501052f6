/** The JSON objects that start the workflows which open a run, or close one. */
import type { ResyncInput } from './resync';
import type { TimeWindow } from './run-window';
import type { UndoInput } from './undo';

/** The one JSON object that starts `migrate`. */
export interface MigrateInput {
  /** Name of a mapping in the catalogue, e.g. `case-states`. */
  readonly migration: string;
  /** Rows a batch is cut at; 50,000 unless given. */
  readonly batchRows?: number;
  /** Batches in flight at once; 2 unless given. */
  readonly concurrency?: number;
  /** Parked batches beyond which the run pauses; 10 unless given. */
  readonly maxParked?: number;
  /** Share of the rows read, 0 to 1, beyond which quarantine pauses the run; 0.1 unless given. */
  readonly maxQuarantine?: number;
  /** Why a run is taken over whose owner cannot be asked, since it belongs to another cluster or namespace. */
  readonly takeOver?: string;
  /** Why an open run goes on with another pair of servers than it began with. */
  readonly acceptServer?: string;
  /** Why what another writer changed or deleted in the target is written anew; kept unless given. */
  readonly overwrite?: string;
  /** What to do where the mapping or the source's columns changed since the open run began; `refuse` unless given. */
  readonly onChange?: 'refuse' | 'restart';
  /** Until when it may work; what is left then is left open for the next start. Without end unless given. */
  readonly window?: TimeWindow;
  /** Name of whoever starts it, recorded as claimed. */
  readonly by?: string;
}

/** Fields that have no default. */
type Bare = 'takeOver' | 'acceptServer' | 'overwrite' | 'window' | 'by';

/** An input with every default filled in. */
export type FullMigrateInput = Required<Omit<MigrateInput, Bare>> & Pick<MigrateInput, Bare>;

/** The one JSON object that starts `repair`: `batchRows` are keys, of which 5,000 at most are taken at once. */
export interface RepairInput extends Omit<MigrateInput, 'onChange'> {
  /** Number of the verification whose findings are repaired; the latest unless given. */
  readonly verification?: string;
}

/** The one JSON object that starts `replay`; `batchRows` as of `repair`. */
export interface ReplayInput extends Omit<MigrateInput, 'onChange' | 'overwrite'> {
  /** Only rows whose primary reason is one of these; all that are in quarantine unless given. */
  readonly reasons?: readonly string[];
  /** Why rows of the full run's skipped batches are taken, and no others; left out as they were unless given. */
  readonly takeSkipped?: string;
}

/** What a run takes: every row, what differs, what a verification found wrong, or what is in quarantine. */
export type RunMode = 'full' | 'changed' | 'repair' | 'replay' | 'undo';

/** An input of any kind with every default filled in. */
export type FullRunInput = FullMigrateInput &
  Pick<RepairInput, 'verification'> &
  Pick<ReplayInput, 'reasons' | 'takeSkipped'> &
  Pick<ResyncInput, 'maxDeletes'> &
  Partial<Pick<UndoInput, 'run' | 'reason'>>;

/** The one JSON object that starts `abandon`. */
export interface AbandonInput {
  /** Number of the open run. */
  readonly run: string;
  readonly reason: string;
  readonly by?: string;
}
