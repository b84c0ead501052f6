import { createHash } from 'node:crypto';
import { RowEncoder, uuidFromSha1 } from '../../database/source/row-encoder';
import type { WireRow } from '../../database/source/row-encoder';
import { caseStates } from '../../mappings/case-states';
import { namedColumns } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import { asRow, decodeLines, encode, keyed, notes, uuidV5 } from '../support/copy-text';

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

/** The bytes of a value's canonical form. */
const part = (value: Buffer | null): Buffer =>
  value === null ? Buffer.from('N') : Buffer.concat([Buffer.from(`${value.length}:`), value]);

describe('a line of COPY text', () => {
  it('holds row number, id, hash, bad, extra, and the named columns in their order', () => {
    const row = asRow('17', '12', 'why', 'what', '2019-03-31 01:59:59', '801', '402', '1');
    expect(namedColumns(caseStates)).toEqual(
      ['id', 'status', 'reason', 'notes', 'created_at', 'instruction_id', 'actor_id', 'on'], // prettier-ignore
    );
    const [first, second] = encode(caseStates, [], [row, row]).toString().split('\n');
    const sha256 = createHash('sha256')
      .update(Buffer.concat(row.map(part)))
      .digest('hex');
    const id = uuidV5(caseStates.id.namespace, Buffer.from('2:17'));
    const columns = `17\t12\twhy\twhat\t2019-03-31 01:59:59\t801\t402\t1`;
    expect(first).toBe(`1\t${id}\t${sha256}\t\\N\t\\N\t${columns}`);
    expect(second).toBe(`2\t${id}\t${sha256}\t\\N\t\\N\t${columns}`);
  });

  it.each<[string, string, string]>([
    ['a tab', 'a\tb', 'a\\tb'],
    ['a newline', 'a\nb', 'a\\nb'],
    ['a carriage return', 'a\r\nb', 'a\\r\\nb'],
    ['a backslash', 'a\\b', 'a\\\\b'],
    ['the end mark', '\\.', '\\\\.'],
    ['the null mark', '\\N', '\\\\N'],
    ['an emoji', 'a 🏥 b', 'a 🏥 b'],
    ['quotes', `'"\``, `'"\``],
    ['other control characters', '\u0001\b\u000b\f\u001f\u007f', '\u0001\b\u000b\f\u001f\u007f'],
    ['nothing', '', ''],
  ])('escapes %s', (_name, value, written) => {
    const line = encode(notes, [], [asRow('1', value)]).toString();
    expect(line.slice(line.lastIndexOf('\t1\t') + 3)).toBe(`${written}\n`);
  });

  it('tells NULL from an empty text', () => {
    const [empty, none] = decodeLines(encode(notes, [], [asRow('1', ''), asRow('2', null)]));
    expect(empty!.columns[1]).toEqual(Buffer.alloc(0));
    expect(none!.columns[1]).toBeNull();
  });
});

describe('the hash of a row', () => {
  const hashOf = (...values: (string | null)[]) => decodeLines(encode(notes, [], [asRow(...values)]))[0]!.sha256;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  it('is the SHA-256 of its canonical text, with lengths in bytes and N for NULL', () => {
    expect(hashOf('17', 'abc')).toBe(sha256('2:173:abc'));
    expect(hashOf('17', 'Müller 🏥')).toBe(sha256('2:1712:Müller 🏥'));
    expect(hashOf('17', '')).toBe(sha256('2:170:'));
    expect(hashOf('17', null)).toBe(sha256('2:17N'));
  });

  it('tells apart rows whose values run together alike', () => {
    const hashes = [hashOf('1', '11'), hashOf('11', '1'), hashOf('1', 'N'), hashOf('1', null), hashOf('1', '')];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('covers the bytes that PostgreSQL cannot hold', () => {
    const row = [Buffer.from('1'), Buffer.from([0xff, 0x00])];
    const expected = createHash('sha256')
      .update(Buffer.concat([Buffer.from('1:12:'), row[1]!]))
      .digest('hex');
    expect(decodeLines(encode(notes, [], [row]))[0]!.sha256).toBe(expected);
  });

  it('leaves out columns that the mapping does not name', () => {
    const plain = decodeLines(encode(notes, [], [asRow('1', 'a')]))[0]!;
    const wider = decodeLines(encode(notes, ['other'], [asRow('1', 'a', 'b')]))[0]!;
    expect(wider.sha256).toBe(plain.sha256);
    expect(wider.id).toBe(plain.id);
  });
});

describe('the id of a row', () => {
  it('is a UUIDv5 as RFC 4122 has it', () => {
    const digest = createHash('sha1').update(Buffer.from(DNS.replaceAll('-', ''), 'hex')).update('python.org').digest('hex'); // prettier-ignore
    expect(uuidFromSha1(digest)).toBe('886313e1-3b8a-5372-9b90-0c9aee199e5d');
    expect(uuidV5(DNS, Buffer.from('python.org'))).toBe('886313e1-3b8a-5372-9b90-0c9aee199e5d');
  });

  it('is made of the namespace and the length-prefixed key', () => {
    const [line] = decodeLines(encode(keyed('code', 'name'), [], [asRow('ab', 'c', 'x')]));
    expect(line!.id).toBe(uuidV5(notes.id.namespace, Buffer.from('2:ab1:c')));
  });

  it('tells apart composite keys that run together alike', () => {
    const rows = [asRow('ab', 'c', 'x'), asRow('a', 'bc', 'x'), asRow('', 'abc', 'x'), asRow('abc', '', 'x')];
    const ids = decodeLines(encode(keyed('code', 'name'), [], rows)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(rows.length);
  });

  it('follows the order of the key, and no other column', () => {
    const [one, other] = decodeLines(encode(messages, [], [
      asRow('7', '2', 'subject', null, null, null, '2020-01-01 00:00:00.000', null, null, '9'),
      asRow('7', '2', 'another', 'body', '1.00', null, '2021-01-01 00:00:00.000', null, 'A-1', '8'),
    ])); // prettier-ignore
    expect(one!.id).toBe(uuidV5(messages.id.namespace, Buffer.from('1:71:2')));
    expect(other!.id).toBe(one!.id);
    expect(other!.sha256).not.toBe(one!.sha256);
  });
});

describe('values that PostgreSQL cannot hold as text', () => {
  it.each<[string, number[]]>([
    ['NUL', [0x61, 0x00, 0x62]],
    ['a lone byte above ASCII', [0x61, 0xff]],
    ['a cut-off sequence', [0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('keep their row, as base64 beside it: %s', (_name, bytes) => {
    const value = Buffer.from(bytes);
    const rows: WireRow[] = [asRow('1', 'before'), [Buffer.from('2'), value], asRow('3', 'after')];
    const lines = decodeLines(encode(notes, [], rows));
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatchObject({ bad: 'notes', columns: [Buffer.from('2'), null] });
    expect(JSON.parse(lines[1]!.extra!)).toEqual({ notes: { base64: value.toString('base64') } });
    expect([lines[0]!.bad, lines[0]!.extra, lines[2]!.bad]).toEqual([null, null, null]);
    expect(lines[2]!.columns[1]).toEqual(Buffer.from('after'));
  });

  it('are named each, several in a row', () => {
    const bad = Buffer.from([0]);
    const [line] = decodeLines(encode(keyed('code', 'name'), [], [[bad, Buffer.from('fine'), bad]]));
    expect(line).toMatchObject({ bad: 'code,notes', columns: [Buffer.from('base64:AA=='), Buffer.from('fine'), null] });
    expect(JSON.parse(line!.extra!)).toEqual({ code: { base64: 'AA==' }, notes: { base64: 'AA==' } });
  });
});

describe('columns that the mapping does not name', () => {
  it('go to extra, with NULL, text and bytes told apart', () => {
    const others = ['free', 'none', 'blob', 'quote"d'];
    const text = 'tab\t, "quotes", \\ and 🏥\n';
    const row = [...asRow('1', 'a', text, null), Buffer.from([0xff, 0x00]), Buffer.from('')];
    const [line] = decodeLines(encode(notes, others, [row]));
    expect(line!.bad).toBeNull();
    expect(JSON.parse(line!.extra!)).toEqual({ free: text, none: null, blob: { base64: '/wA=' }, 'quote"d': '' });
    expect(line!.columns).toHaveLength(2);
  });
});

describe('chunks', () => {
  it('are handed on when they are full, and lose nothing between them', () => {
    const encoder = new RowEncoder(notes, []);
    const chunks: Buffer[] = [];
    for (let row = 1; row <= 3000; row += 1) {
      const chunk = encoder.add(asRow(String(row), `text ${row}`));
      if (chunk !== null) chunks.push(chunk);
    }
    const last = encoder.flush();
    expect(chunks.length).toBeGreaterThan(2);
    expect(encoder.rowCount).toBe(3000);
    expect(encoder.flush()).toBeNull();
    // A chunk that was handed on is not written to again: the socket may not have sent it yet.
    const lines = decodeLines(Buffer.concat([...chunks, last!]));
    expect(lines.map(({ columns }) => String(columns[1]))).toEqual(lines.map(({ number }) => `text ${number}`));
    expect(lines).toHaveLength(3000);
  });

  it.each([
    ['plain text', 'x'],
    ['text of which each byte is escaped', '\t'],
  ])('grow for a row that is larger than they are: %s', (_name, character) => {
    const large = character.repeat(300_000);
    const lines = decodeLines(encode(notes, [], [asRow('1', 'a'), asRow('2', large), asRow('3', 'b')]));
    expect(lines.map(({ columns }) => columns[1]!.length)).toEqual([1, 300_000, 1]);
    expect(lines[1]!.columns[1]!.equals(Buffer.from(large))).toBe(true);
  });

  it('have room for many empty columns beside large ones', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `c${index}`);
    const wide = keyed(...names);
    // The text fills the encoder's buffer but for less than the columns' separators need.
    const values = ['k', ...names.slice(1).map(() => ''), '\n'.repeat(65_100)];
    const lines = decodeLines(encode(wide, [], [asRow(...values)]));
    expect(lines.map(({ columns }) => columns.length)).toEqual([1001]);
    expect(lines[0]!.columns[1000]).toHaveLength(65_100);
  });

  it('are none where there is no row', () => {
    expect(new RowEncoder(notes, []).flush()).toBeNull();
  });
});
