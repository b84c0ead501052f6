/** The flags that say until when a run may work. */
import { Option } from 'commander';

export interface WindowOptions {
  readonly until?: string;
  readonly zone?: string;
}

export const UNTIL = (): Option =>
  new Option('--until <HH:MM>', 'begin nothing after this time of the day; the next start goes on with what is left');

export const ZONE = (): Option => new Option('--zone <name>', 'time zone of --until, such as Europe/Berlin');

/** The field of the input; what is wrong with it, the check of the whole input says. */
export const windowField = ({ until, zone }: WindowOptions): { readonly window?: object } =>
  until === undefined && zone === undefined ? {} : { window: { until, zone } };
