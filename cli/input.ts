import { InvalidArgumentError } from 'commander';

/**
 * A whole number of the command line as a number, anything else as it was typed: the check of the whole input then
 * names it together with all other problems.
 */
export function looseNumber(text: string): number | string {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

/** A ledger's run id. */
export function runId(text: string): string {
  if (/^[1-9]\d{0,17}$/.test(text)) return text;
  throw new InvalidArgumentError('A run is named by its number; `carryover status` lists them.');
}

/** How many lines are to be listed. */
export function limitOption(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number from 1 to 999999.');
}

/** A share as a number, anything else as it was typed, so that the refusal names it. */
export function looseFraction(text: string): number | string {
  return /^\d*\.?\d+$/.test(text) ? Number(text) : text;
}
