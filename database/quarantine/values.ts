/**
 * The only ways to values of rows in quarantine. Who looks, and at how many, is written down before a value leaves the database: the
 * line of the audit is committed, and what is told is what was there at that moment.
 */
import { randomUUID } from 'node:crypto';
import { recordDecision } from '../ledger/audit';
import type { Target, TargetSession } from '../target/session';
import { inTransaction, withTransaction } from '../target/transaction';
import { COLUMNS, LINES, SELECTED, lineOf } from './read';
import type { QuarantineLine, QuarantineSelection } from './read';

/** Who looks: whoever the command line runs as, and the name that they gave. */
export interface Looker {
  readonly who: string;
  readonly by?: string | undefined;
}

/** Column to text, NULL, or `{"base64": …}`; null where the values were purged. */
export type SourceRow = Readonly<Record<string, string | null | { readonly base64: string }>> | null;

export interface WholeLine extends QuarantineLine {
  readonly sourceRowSha256: string;
  readonly values: SourceRow;
}

/** No workflow brings such a look. */
const WORKFLOW = 'command line';

/** Lines that are held in memory at once. */
const PAGE = 500;

const WHOLE = `SELECT ${COLUMNS}, q.source_row_sha256, q.source_row AS values FROM ${LINES}`;

type Row = Parameters<typeof lineOf>[0] & { readonly source_row_sha256: string; readonly values: SourceRow };

const wholeOf = (row: Row): WholeLine => ({
  ...lineOf(row),
  sourceRowSha256: row.source_row_sha256,
  values: row.values,
});

/** One row with its values; null where there is none. */
export async function showRow(
  target: Target,
  migration: string,
  key: string,
  { who, by }: Looker,
): Promise<WholeLine | null> {
  return withTransaction(target, 'quarantine.show', async (session) => {
    const { rows } = await session.query<Row>(
      'quarantine.row',
      `${WHOLE} WHERE q.migration = $1 AND q.legacy_key = $2`,
      [migration, key],
    );
    const [row] = rows;
    if (row === undefined) return null;
    await recordDecision(session, {
      verb: 'quarantine show',
      who,
      by,
      migration,
      run: null,
      // Not the key: the audit is read by more people than the rows.
      details: { rows: 1, number: row.row! },
      workflow: WORKFLOW,
      decision: randomUUID(),
    });
    return wholeOf(row);
  });
}

export interface Exported {
  readonly rows: number;
  /** Names of the source columns that any of the rows has. */
  readonly columns: readonly string[];
}

/**
 * Tells rows with their values, page by page, in the order of their keys: memory holds one page, however many there are.
 *
 * @param begin is told how many rows, and which columns, come
 */
export async function exportRows(
  target: Target,
  selection: QuarantineSelection,
  { who, by }: Looker,
  begin: (what: Exported) => Promise<void>,
  take: (lines: readonly WholeLine[]) => Promise<void>,
): Promise<number> {
  const session = await target.connect();
  let broken = true;
  try {
    const what = await openExport(session, selection, { who, by });
    await begin(what);
    for (;;) {
      const { rows } = await session.query<Row>('quarantine.fetch', `FETCH ${PAGE} FROM quarantine_export`);
      if (rows.length === 0) break;
      await take(rows.map(wholeOf));
    }
    await session.query('quarantine.close', 'CLOSE quarantine_export');
    broken = false;
    return what.rows;
  } finally {
    session.release(broken);
  }
}

/** The cursor outlives its transaction, so that the audit is committed before the first row is fetched. */
function openExport(
  session: TargetSession,
  { migration, reasons, state }: QuarantineSelection,
  { who, by }: Looker,
): Promise<Exported> {
  return inTransaction(
    session,
    'quarantine.export',
    async () => {
      const bound = [migration, reasons, state];
      const found = await session.query<{ rows: string; columns: string[] | null }>(
        'quarantine.columns',
        `SELECT count(*) AS rows, (SELECT array_agg(DISTINCT c ORDER BY c) FROM carryover.quarantine q
           CROSS JOIN LATERAL jsonb_object_keys(q.source_row) AS c WHERE ${SELECTED}) AS columns
         FROM carryover.quarantine q WHERE ${SELECTED}`,
        bound,
      );
      const rows = Number(found.rows[0]!.rows);
      await session.query(
        'quarantine.open',
        `DECLARE quarantine_export NO SCROLL CURSOR WITH HOLD FOR
         ${WHOLE} WHERE ${SELECTED} ORDER BY q.key_numbers, q.legacy_key`,
        bound,
      );
      const chosen = {
        ...(reasons === null ? {} : { reasons: reasons.join(', ') }),
        ...(state === null ? {} : { state }),
      };
      await recordDecision(session, {
        verb: 'quarantine export',
        who,
        by,
        migration,
        run: null,
        details: { rows, ...chosen },
        workflow: WORKFLOW,
        decision: randomUUID(),
      });
      return { rows, columns: found.rows[0]!.columns ?? [] };
    },
    'ISOLATION LEVEL REPEATABLE READ',
  );
}
