import {
  isOurs,
  staged,
  stagedKey,
  stagedLineage,
  stagedReference,
  targetHash,
  targetValues,
} from '../../database/target/expressions';
import { legacyKey, targetKeyText } from '../../database/target/legacy-key';
import { literalPg, quotePg, quotePgTable } from '../../database/target/quote';
import { caseStates } from '../../mappings/case-states';
import { namedColumns } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import { formsOf } from '../../database/converters';
import { quarantinedRowHash, targetRowHashes } from '../../database/verify/row-hashes';
import { notes } from '../support/copy-text';

/** A mapping whose names on either side need quotes. */
const awkward: Mapping = {
  ...notes,
  columns: [
    { source: 'id', target: 'legacy "id"', convert: { kind: 'integer', type: 'bigint' } },
    { source: "it's", target: 'on', convert: { kind: 'text' }, nullable: true },
  ],
  lineage: {
    target: 'meta"data',
    values: [{ name: "source_it's", source: "it's", convert: { kind: 'text' } }],
    constants: { "mark'ed": "O'Neill \\ 1" },
  },
};

describe('quoting for PostgreSQL', () => {
  it('doubles quotes in names and in literals', () => {
    expect(quotePg('on')).toBe('"on"');
    expect(quotePg('legacy "id"')).toBe('"legacy ""id"""');
    expect(quotePgTable('pub"lic', 'a.b')).toBe('"pub""lic"."a.b"');
    expect(literalPg("O'Neill")).toBe("'O''Neill'");
    expect(literalPg('back\\slash')).toMatch(/^ ?E'back\\\\slash'$/);
  });

  it('holds for every name and constant of a mapping', () => {
    expect(targetHash(awkward, 't')).toContain('t."legacy ""id"""');
    expect(targetHash(awkward, 't')).toContain('t."on"');
    expect(stagedLineage(awkward)).toContain("'source_it''s', r.c1");
    expect(stagedLineage(awkward)).toMatch(/'mark''ed', {1,2}E'O''Neill \\\\ 1'::text/);
    expect(isOurs(awkward, 't')).toContain('t."meta""data" ->> \'target_row_sha256\' = ');
    expect(quarantinedRowHash(awkward, 'q.row')).toContain("q.row -> 'it''s'");
  });
});

describe('the legacy key', () => {
  it('of one column is its text; of several a JSON array', () => {
    expect(legacyKey(['r.c0'])).toBe('r.c0');
    expect(stagedKey(caseStates)).toBe('r.c0');
    expect(stagedKey(messages)).toBe('jsonb_build_array(r.c0, r.c1)::text');
  });

  it('reads the same from a staged row and from a target row', () => {
    expect(targetKeyText(caseStates, 't')).toBe('t."legacy_id"::text');
    expect(targetKeyText(messages, 't')).toBe(
      'jsonb_build_array(t."legacy_thread_id"::text, t."legacy_position"::text)::text',
    );
  });
});

describe('what load writes', () => {
  it('has each target column once: id, columns, references, flags', () => {
    expect(targetValues(caseStates).map(({ column }) => column)).toEqual([
      'id',
      'legacy_id',
      'state',
      'reason',
      'notes',
      'changed_at',
      'case_id',
      'actor_id',
      'is_system_generated',
    ]);
  });

  it('takes a reference only where the lookup gave exactly one answer, and flags the rest', () => {
    const values = Object.fromEntries(targetValues(caseStates).map(({ column, sql }) => [column, sql]));
    expect(values.case_id).toBe('(CASE WHEN ref0.answers = 1 THEN ref0.value END)');
    expect(values.actor_id).toBe('(CASE WHEN ref1.answers = 1 THEN ref1.value END)');
    expect(values.is_system_generated).toBe('((CASE WHEN ref1.answers = 1 THEN ref1.value END) IS NULL)');
  });

  it('casts a reference only where the text fits the type', () => {
    const text = `r.c${namedColumns(caseStates).indexOf('actor_id')}`;
    expect(stagedReference(caseStates, 'actor_id')).toBe(
      `(CASE WHEN NOT ((length(${text}) > 18 AND ${text}::numeric NOT BETWEEN -9223372036854775808 AND ` +
        `9223372036854775807)) THEN ${text}::bigint END)`,
    );
    expect(stagedReference(messages, 'order_number')).toMatch(/^r\.c\d$/);
  });

  it('marks a row as ours by a hash over every mapped column, and no other', () => {
    const hash = targetHash(caseStates, 't');
    for (const { column } of targetValues(caseStates)) expect(hash).toContain(`t."${column}"::text`);
    expect(hash).not.toContain('metadata');
  });
});

describe('canonical text on the target', () => {
  const textOf = (mapping: Mapping): string => targetRowHashes(mapping, 'true');

  it('reads every named column back: from its target column, or else from the lineage', () => {
    const sql = textOf(caseStates);
    const texts = namedColumns(caseStates).map((_, index) => {
      const end = sql.indexOf(` AS x${index}`);
      return sql.slice(sql.lastIndexOf(index === 0 ? ' AS key, ' : ` AS x${index - 1}, `, end), end);
    });
    expect(texts[0]).toContain('t."legacy_id"');
    expect(texts[1]).toContain('t."state"');
    expect(texts[5]).toContain(`t."metadata" ->> 'source_instruction_id'`);
    expect(texts[6]).toContain(`t."metadata" ->> 'source_actor_id'`);
    expect(texts[7]).toContain(`t."metadata" ->> 'source_on'`);
    for (let index = 0; index < texts.length; index += 1) expect(sql).toContain(`octet_length(b.x${index})`);
  });

  it('never reads a value back by the conversion that wrote it', () => {
    for (const mapping of [caseStates, messages]) {
      for (const { source, convert } of mapping.columns) {
        const forward = formsOf(convert).toTarget(convert, staged(mapping, source), mapping);
        const cast = /::(timestamp|date|numeric\(|case_state_type)/;
        if (cast.test(forward)) expect(textOf(mapping)).not.toMatch(cast);
      }
    }
  });

  it('takes the text of the lineage for a NULL that stands for a zero date, and for nothing else', () => {
    const kept = `(t."lineage" ->> 'source_due_on')`;
    const sql = textOf(messages);
    expect(sql).toContain(
      `(CASE WHEN t."due_on" IS NULL THEN ${kept} ELSE to_char(t."due_on", 'YYYY-MM-DD') END) AS x`,
    );
    expect(sql).toContain(`(t."due_on" IS NULL AND coalesce(NOT ${kept} LIKE '0000-00-00%', false))`);
  });

  it('is refused where nothing in the target keeps a column', () => {
    const lost: Mapping = { ...caseStates, lineage: { ...caseStates.lineage, values: [] } };
    expect(() => textOf(lost)).toThrow('mapping case-states: nothing keeps instruction_id in the target');
  });
});
