/** The whole clean sample, as tables of rows: the same for the same size and seed, on every machine. */
import { createHash } from 'node:crypto';
import { dispatchStates } from './dispatch-states';
import { type Figures, figuresFor } from './figures';
import { fillingTables } from './filling';
import { Keys } from './keys';
import { caseRows, orderRows, profileRows } from './lookups';
import { messageRows } from './message-rows';
import { linesOf, type SampleTable } from './table';

export interface GeneratedSample {
  readonly figures: Figures;
  readonly keys: Keys;
  readonly source: readonly SampleTable[];
  readonly target: readonly SampleTable[];
}

/** The sample of a size and seed; rows are made when they are taken. */
export function generate(options: { rows: number; seed: number }): GeneratedSample {
  const figures = figuresFor(options.rows);
  const keys = new Keys(options.seed, figures);
  return {
    figures,
    keys,
    source: [dispatchStates(figures, keys), messageRows(figures, keys), ...fillingTables(figures, keys)],
    target: [profileRows(figures, keys), caseRows(figures, keys), orderRows(figures, keys)],
  };
}

/** SHA-256 over all tables of a sample, each with its name and columns. */
export function checksum(sample: GeneratedSample): string {
  const hash = createHash('sha256');
  for (const table of [...sample.source, ...sample.target]) {
    hash.update(`${table.name}\t${table.columns.join('\t')}\n`);
    for (const piece of linesOf(table)) hash.update(piece);
  }
  return hash.digest('hex');
}
