import { createHash } from 'node:crypto';
import { caseStates } from '../../mappings/case-states';
import { catalog, createCatalog } from '../../mappings/catalog';
import { fingerprint } from '../../mappings/fingerprint';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';

const third: Mapping = {
  ...caseStates,
  name: 'order-states',
  id: { ...caseStates.id, namespace: '0b3f1c5e-5a55-5d3e-9c0e-1f2a3b4c5d6e' },
};

describe('the catalogue', () => {
  it('holds the listed mappings', () => {
    expect(catalog.names()).toEqual(['case-states', 'messages']);
    expect(catalog.get('case-states')).toEqual(caseStates);
  });

  it('takes a third mapping by its list alone', () => {
    expect(createCatalog([caseStates, messages, third]).get('order-states').id.namespace).toMatch(/^0b3f/);
  });

  it('names the known mappings where one is unknown', () => {
    expect(() => catalog.get('case-state')).toThrow(
      'There is no migration named "case-state"; known are: case-states, messages.',
    );
    expect(() => catalog.get('constructor')).toThrow('no migration named "constructor"');
  });

  it('lists the problems of all mappings at once', () => {
    const create = (): unknown =>
      createCatalog([
        { ...caseStates, domain: '' },
        { ...messages, id: { ...messages.id, namespace: caseStates.id.namespace.toUpperCase() } },
        { ...third, name: 'messages' },
      ]);
    expect(create).toThrow('case-states: domain is ""');
    expect(create).toThrow('messages: id.namespace is that of the mapping case-states as well');
    expect(create).toThrow('messages: name is that of the mapping messages as well');
  });
});

describe('the fingerprint', () => {
  const reversed = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(reversed)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([name, field]) => [name, reversed(field)]),
          )
        : value;

  it('is SHA-256 over JSON with sorted keys: another form would stop every open run', () => {
    const meaning = { b: { z: null, y: true }, a: ['2', 1] } as unknown as Mapping;
    const json = '{"a":["2",1],"b":{"y":true,"z":null}}';
    expect(fingerprint(meaning)).toBe(createHash('sha256').update(json).digest('hex'));
  });

  it('does not depend on the order of fields, nor on fields that are absent', () => {
    expect(fingerprint(reversed(caseStates) as Mapping)).toBe(fingerprint(caseStates));
    expect(fingerprint({ ...caseStates, source: { ...caseStates.source, where: undefined } })).toBe(
      fingerprint(caseStates),
    );
    expect(fingerprint(catalog.get('messages'))).toBe(fingerprint(messages));
  });

  it.each<[string, Mapping]>([
    ['the zone', { ...caseStates, time: { ...caseStates.time, zone: 'Europe/Paris' } }],
    ['the fold', { ...caseStates, time: { ...caseStates.time, fold: 'second' } }],
    ['the order of the columns', { ...caseStates, columns: [...caseStates.columns].reverse() }],
    ['a constant', { ...caseStates, lineage: { ...caseStates.lineage, constants: {} } }],
    ['a predicate', { ...caseStates, source: { ...caseStates.source, where: 'status > 0' } }],
  ])('changes with %s', (_what, changed) => {
    expect(fingerprint(changed)).not.toBe(fingerprint(caseStates));
  });
});
