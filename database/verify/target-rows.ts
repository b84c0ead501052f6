/**
 * Queries over what was loaded and what is in quarantine, each row as verification sees it. Columns of each: `key` (legacy
 * key), `id` (hex without dashes), `hash` (SHA-256 of the canonical text that it reads back as), `extracted` (the hash that
 * stands beside it since it was read), `written` (it is as we wrote it), `marked` (it has lineage of ours), `quarantined`, with
 * `dismissed` where a person has left the row out since, and `purged` where its values are gone.
 */
import { LINEAGE_HASHES, namedColumns, referencesOf } from '../../mappings/mapping';
import type { Sql, TimedMapping } from '../converters/converter';
import { lengthPrefixed, sha256Hex } from '../target/canonical';
import { targetKeyText } from '../target/legacy-key';
import { andPresent } from '../target/present';
import { literalPg, quotePg, quotePgTable } from '../target/quote';
import { inLedgerRange, inTargetRange } from './range';
import type { OpenRange } from './range';
import type { Binding } from './source-rows';
import { YEAR, spreadColumns } from './spread';
import { NO_HASH, hashSlice, heldRowHash, readBack } from './row-hashes';

const hex = (id: Sql): Sql => `replace(${id}::text, '-', '')`;

/** Target columns but the lineage, in the order in which their hash is taken when they are written. */
export function writtenColumns(mapping: TimedMapping): string[] {
  return [
    mapping.id.target,
    ...mapping.columns.map(({ target }) => target),
    ...referencesOf(mapping).flatMap(({ reference }) =>
      reference.flag === undefined ? [reference.target] : [reference.target, reference.flag],
    ),
  ];
}

/** Hash over the columns of a target row, as it is taken when the row is written. */
function ownHash(mapping: TimedMapping, alias: string): Sql {
  const texts = writtenColumns(mapping).map((column) => lengthPrefixed(`${alias}.${quotePg(column)}::text`));
  return sha256Hex(`(${texts.join(' || ')})`);
}

/** The same, as the lineage keeps it. */
const keptHash = (mapping: TimedMapping, alias: string): Sql =>
  `${alias}.${quotePg(mapping.lineage.target)} ->> '${LINEAGE_HASHES.target}'`;

/** True for target rows that are as we wrote them: by the hash over their columns that the lineage keeps. */
export const isWritten = (mapping: TimedMapping, alias: string): Sql =>
  `coalesce(${keptHash(mapping, alias)} = ${ownHash(mapping, alias)}, false)`;

/** The first 60 bits, in hex, of a hash of one column's text; as the source computes them. */
const columnHash = (text: Sql): Sql => `substr(${sha256Hex(`coalesce('V' || ${text}, 'N')`)}, 1, 15)`;

/** Hex of `V` and a text, or of `N`: as the source writes the groups of {@link spreadColumns}. */
const groupText = (text: Sql): Sql => `encode(convert_to(coalesce('V' || ${text}, 'N'), 'UTF8'), 'hex')`;

/** Columns `g0`, `g1`, … of a row, by which it is counted, from the texts of its named columns. */
const groupsOf = (mapping: TimedMapping, textOf: (index: number) => Sql): Sql[] =>
  spreadColumns(mapping).map(({ column, isTime }, place) => {
    const text = textOf(namedColumns(mapping).indexOf(column));
    return `${groupText(isTime ? `left(${text}, ${YEAR})` : text)} AS g${place}`;
  });

/**
 * @param columns whether each row also has `columns`: for each named column what {@link columnHash} makes of it; and `content`, a
 *   hash of all that it holds. Without, it has the groups by which it is counted, and its `state`
 */
export function loadedRows(mapping: TimedMapping, range: OpenRange, columns = false): Sql {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const lineage = `t.${quotePg(mapping.lineage.target)}`;
  const read = namedColumns(mapping).map((column) => readBack(mapping, column, 't'));
  const impossible = read.flatMap(({ impossible: test }) => (test === undefined ? [] : [test]));
  const constants = Object.entries(mapping.lineage.constants).map(
    ([name, value]) => `${lineage} ->> ${literalPg(name)} IS DISTINCT FROM ${literalPg(value)}`,
  );
  const wrong = [...impossible, ...constants];
  const inner = [
    `${targetKeyText(mapping, 't')} AS key`,
    `${hex(`t.${quotePg(mapping.id.target)}`)} AS id`,
    ...read.map(({ text }, index) => `${text} AS x${index}`),
    ...(columns
      ? [
          ...read.map(({ impossible: test = 'false' }, index) => `${test} AS w${index}`),
          `${sha256Hex('t::text')} AS content`,
        ]
      : []),
    `${wrong.length === 0 ? 'false' : wrong.join(' OR ')} AS wrong`,
    `${lineage} ->> '${LINEAGE_HASHES.source}' AS extracted`,
    `${ownHash(mapping, 't')} AS own, ${keptHash(mapping, 't')} AS kept`,
    `coalesce(${lineage} ?| ARRAY['${LINEAGE_HASHES.source}', '${LINEAGE_HASHES.target}'], false) AS marked`,
    `${mapping.report.state === undefined ? 'NULL' : `t.${quotePg(mapping.report.state)}::text`} AS state`,
  ];
  const canonical = read.map((_column, index) => lengthPrefixed(`b.x${index}`)).join(' || ');
  const outer = [
    'b.key, b.id',
    `CASE WHEN b.wrong THEN ${NO_HASH} ELSE ${sha256Hex(`(${canonical})`)} END AS hash`,
    'b.extracted, coalesce(b.kept = b.own, false) AS written, b.marked, false AS quarantined, false AS dismissed, false AS purged, b.own',
    // A value that its kind would never have written is no value of the source's, whatever it reads as.
    ...(columns
      ? [
          `ARRAY[${read.map((_column, index) => `CASE WHEN b.w${index} THEN '!' ELSE ${columnHash(`b.x${index}`)} END`).join(', ')}] AS columns`,
          'b.content',
        ]
      : [...groupsOf(mapping, (index) => `b.x${index}`), 'b.state']),
  ];
  // Each column is read back once: OFFSET 0 keeps the planner from copying the expressions.
  return `SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${target} t WHERE ${inTargetRange(mapping, range, 't')}${andPresent(mapping, 't')} OFFSET 0) b`;
}

/** Hash of a row in quarantine, with why it is there. */
export const heldContent = (alias: string): Sql =>
  sha256Hex(`concat_ws(' ', ${alias}.source_row_sha256, ${alias}.reasons::text, ${alias}.columns::text)`);

/** The groups of a raw row, whose values are texts, or objects of bytes that are none. */
const heldGroups = (mapping: TimedMapping): Sql[] =>
  spreadColumns(mapping).map(({ column, isTime }, place) => {
    const value = `q.source_row -> ${literalPg(column)}`;
    const bytes = `decode(${value} ->> 'base64', 'base64')`;
    const text = `(q.source_row ->> ${literalPg(column)})`;
    return `CASE WHEN jsonb_typeof(${value}) = 'object'
      THEN '56' || encode(${isTime ? `substr(${bytes}, 1, ${YEAR})` : bytes}, 'hex')
      ELSE ${groupText(isTime ? `left(${text}, ${YEAR})` : text)} END AS g${place}`;
  });

/** Open quarantine of the migration `$1`, and what was dismissed from it. */
export function quarantinedRows(mapping: TimedMapping, range: OpenRange, columns = false): Sql {
  const texts = namedColumns(mapping).map((column) => `(q.source_row ->> ${literalPg(column)})`);
  const own = columns
    ? [
        `CASE WHEN q.source_row IS NOT NULL THEN ARRAY[${texts.map(columnHash).join(', ')}] END AS columns`,
        `${heldContent('q')} AS content`,
      ]
    : [...heldGroups(mapping), 'NULL AS state'];
  return (
    `SELECT q.legacy_key AS key, ${hex('q.target_id')} AS id, ${heldRowHash(mapping, 'q')} AS hash, ` +
    `q.source_row_sha256 AS extracted, true AS written, true AS marked, true AS quarantined, ` +
    `q.state = 'dismissed' AS dismissed, q.source_row IS NULL AS purged, NULL AS own, ${own.join(', ')}` +
    ` FROM carryover.quarantine q WHERE q.migration = $1 AND (q.state = 'open' OR q.state = 'dismissed') AND ${inLedgerRange(range, 'q.key_numbers')}`
  );
}

/** The parts of a key, each `length:value`. */
const keyParts = (mapping: TimedMapping): Sql =>
  mapping.source.key.length === 1
    ? lengthPrefixed('r.key')
    : `(SELECT string_agg(${lengthPrefixed('p.part')}, '' ORDER BY p.position)
        FROM jsonb_array_elements_text(r.key::jsonb) WITH ORDINALITY AS p (part, position))`;

/** A hash that binds a row to its id, or to its key, as the source computes it. */
const boundHash = (mapping: TimedMapping, binding: Binding): Sql =>
  sha256Hex(`(r.hash || ${binding === 'id' ? 'r.id' : keyParts(mapping)})`);

/**
 * Lines of groups: their `texts`, `state`, whether `quarantined`, `dismissed`, `purged`; their `rows`, the `sum` of their hashes, those that are
 * `torn`: not what stands beside them; and the sum of the hashes over target rows, `content`.
 */
export function sumsOf(mapping: TimedMapping, range: OpenRange, binding: Binding): Sql {
  const groups = spreadColumns(mapping).map((_column, place) => `r.g${place}`);
  return `SELECT ARRAY[${groups.join(', ')}]::text[] AS texts, r.state, r.quarantined, r.dismissed, r.purged, count(*) AS rows,
      coalesce(sum(${hashSlice(boundHash(mapping, binding))}), 0) AS sum,
      count(*) FILTER (WHERE r.extracted IS DISTINCT FROM r.hash OR NOT r.written) AS torn,
      coalesce(sum(${hashSlice('r.own')}), 0) AS content
    FROM (${loadedRows(mapping, range)} UNION ALL ${quarantinedRows(mapping, range)}) r
    GROUP BY ${[...groups, 'r.state', 'r.quarantined', 'r.dismissed', 'r.purged'].join(', ')}`;
}
