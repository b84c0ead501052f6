import { InvalidArgumentError } from 'commander';
import { REASONS } from '../shared/reasons';

/**
 * A whole number of the command line as a number, anything else as it was typed: the check of the whole input then
 * names it together with all other problems.
 */
export function looseNumber(text: string): number | string {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

/** The same for a share, such as `0.2`. */
export function looseShare(text: string): number | string {
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

export const isRunId = (text: string): boolean => /^[1-9]\d{0,17}$/.test(text);

/** A ledger's run id. */
export function runId(text: string): string {
  if (isRunId(text)) return text;
  throw new InvalidArgumentError('A run is named by its number; `carryover status` lists them.');
}

/** Batch numbers, one or several to a word (`3` or `3,9`), added to those of the words before. */
export function batchNumbers(text: string, before: readonly number[] | undefined): number[] {
  const words = text.split(',').filter((word) => word !== '');
  if (words.length === 0 || !words.every((word) => /^[1-9]\d{0,8}$/.test(word))) {
    throw new InvalidArgumentError(
      'A batch is named by its number, such as --batch 3 or --batch 3 9; the run or migration stands before it.',
    );
  }
  return [...(before ?? []), ...words.map(Number)];
}

/** Words with commas between them. */
export const words = (text: string): string[] => text.split(',').map((word) => word.trim());

/** Reasons of the quarantine, with commas. */
export function reasonCodes(text: string): string[] {
  const codes = words(text);
  const wrong = codes.filter((code) => !REASONS.some((reason) => reason === code));
  if (wrong.length === 0) return codes;
  const named = wrong.map((code) => JSON.stringify(code)).join(', ');
  throw new InvalidArgumentError(`There is no reason ${named}; the reasons are ${REASONS.join(', ')}.`);
}

const LIMIT = { low: 1, high: 100_000 };

/** How many lines a list has at most. */
export function listLimit(text: string): number {
  const limit = Number(text);
  if (/^\d{1,6}$/.test(text) && limit >= LIMIT.low && limit <= LIMIT.high) return limit;
  throw new InvalidArgumentError(`A whole number from ${LIMIT.low} to ${LIMIT.high} is needed.`);
}
