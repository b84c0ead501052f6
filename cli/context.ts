import type { Config } from '../config';
import type { Catalog } from '../mappings/catalog';
import type { Terminal } from './terminal';

/** What every command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly catalog: Catalog;
  /** Loaded when a command needs it, so that `--help` works whatever the settings. */
  config(): Config;
  /** Folder that relative paths on the command line start from. */
  readonly cwd: string;
}
