import { canonicalRow, compareKey, ofBatch, keyOrder, moved, sourceText } from '../../database/source/expressions';
import { quoteMy } from '../../database/source/quote';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import { keyed, notes } from '../support/copy-text';

const INJECTION = '1) OR (1 = 1';

/** A mapping of three key columns: an integer, then texts with names that need quotes. */
const awkward: Mapping = {
  ...notes,
  source: { table: 'note', key: ['id', 'on', 'tick`ed'] },
  columns: [
    ...notes.columns,
    { source: 'on', target: 'on', convert: { kind: 'text' } },
    { source: 'tick`ed', target: 'ticked', convert: { kind: 'text' } },
  ],
};

describe('the comparison with a key', () => {
  it('of one column is plain', () => {
    expect(compareKey(caseStates, '>', ['17'])).toEqual({ sql: '((`id` > ?))', values: [17] });
    expect(compareKey(caseStates, '<=', ['17'])).toEqual({ sql: '((`id` <= ?))', values: [17] });
  });

  it.each([
    ['>', '>', '>'],
    ['>=', '>', '>='],
    ['<=', '<', '<='],
  ] as const)('of several columns is a chain of ORs: %s', (operator, strict, last) => {
    expect(compareKey(messages, operator, ['7', '3'])).toEqual({
      sql: `((\`thread_id\` ${strict} ?) OR (\`thread_id\` = ? AND \`position\` ${last} ?))`,
      values: [7, 7, 3],
    });
  });

  it('of three columns binds each value where it stands, and quotes every name', () => {
    expect(compareKey(awkward, '>', ['1', 'b', 'c'])).toEqual({
      sql: '((`id` > ?) OR (`id` = ? AND `on` > ?) OR (`id` = ? AND `on` = ? AND `tick``ed` > ?))',
      values: [1, 1, 'b', 1, 'b', 'c'],
    });
  });

  it.each(['>', '>=', '<='] as const)('agrees with the order of tuples: %s', (operator) => {
    const numbers: Mapping = { ...messages, source: { table: 'message', key: ['thread_id', 'position'] } };
    for (const key of [
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
      [2, 3],
      [3, 2],
    ]) {
      const { sql, values } = compareKey(numbers, operator, ['2', '2']);
      const bound = [...values];
      const expression = sql
        .replaceAll('`thread_id`', String(key[0]))
        .replaceAll('`position`', String(key[1]))
        .replaceAll('?', () => String(bound.shift()))
        .replaceAll(' = ', ' === ')
        .replaceAll('OR', '||')
        .replaceAll('AND', '&&');
      const order = (key[0]! - 2) * 10 + (key[1]! - 2);
      const expected = operator === '>' ? order > 0 : operator === '>=' ? order >= 0 : order <= 0;
      expect(eval(expression)).toBe(expected);
    }
  });

  it('never has a value in its text', () => {
    const { sql, values } = compareKey(keyed('code', 'name'), '<=', [INJECTION, "'; DROP TABLE note; --"]);
    expect(sql).toBe('((`code` < ?) OR (`code` = ? AND `name` <= ?))');
    expect(values).toEqual([INJECTION, INJECTION, "'; DROP TABLE note; --"]);
  });

  it('binds integers as numbers only where they stay exact', () => {
    expect(compareKey(notes, '>', ['9007199254740991']).values).toEqual([9007199254740991]);
    expect(compareKey(notes, '>', ['9007199254740993']).values).toEqual(['9007199254740993']);
    expect(compareKey(notes, '>', ['-9223372036854775808']).values).toEqual(['-9223372036854775808']);
    expect(compareKey(keyed('code'), '>', ['17']).values).toEqual(['17']); // a text key is compared as text
  });
});

describe('a range', () => {
  it('is open at what came before and closed at its end', () => {
    expect(ofBatch(caseStates, { after: ['10'], from: ['1'], to: ['20'] })).toEqual({
      sql: '(((`id` > ?)) AND ((`id` <= ?)))',
      values: [10, 20],
    });
  });

  it('begins at the lower bound where nothing came before', () => {
    expect(ofBatch(caseStates, { after: null, from: ['1'], to: ['20'] })).toEqual({
      sql: '(((`id` >= ?)) AND ((`id` <= ?)))',
      values: [1, 20],
    });
  });
});

describe('names', () => {
  it.each([
    ['on', '`on`'],
    ['tick`ed', '`tick``ed`'],
    ['`; DROP TABLE note; --', '```; DROP TABLE note; --`'],
    ['quote"d', '`quote"d`'],
  ])('are quoted: %s', (name, quoted) => {
    expect(quoteMy(name)).toBe(quoted);
  });

  it('are quoted wherever a column stands', () => {
    expect(sourceText(caseStates, 'on')).toBe('(`on` + 0)');
    expect(sourceText(awkward, 'tick`ed')).toBe('CONVERT(`tick``ed` USING utf8mb4)');
    expect(keyOrder(awkward)).toBe('`id` ASC, `on` ASC, `tick``ed` ASC');
    expect(keyOrder(awkward, 'DESC')).toBe('`id` DESC, `on` DESC, `tick``ed` DESC');
  });
});

describe('canonical text on the source', () => {
  it('is length and value of each named column, N for NULL', () => {
    expect(canonicalRow(notes)).toBe(
      "CONCAT(IFNULL(CONCAT(LENGTH((`id` + 0)), ':', (`id` + 0)), 'N'), " +
        "IFNULL(CONCAT(LENGTH(CONVERT(`notes` USING utf8mb4)), ':', CONVERT(`notes` USING utf8mb4)), 'N'))",
    );
  });
});

describe('the rows that are moved', () => {
  it('are all, or those of the rule; where the rule is NULL they are excluded', () => {
    expect(moved(notes)).toBe('TRUE');
    expect(moved({ ...notes, source: { ...notes.source, where: 'a = 1 OR b = 2' } })).toBe(
      'COALESCE((a = 1 OR b = 2), FALSE)',
    );
  });
});
