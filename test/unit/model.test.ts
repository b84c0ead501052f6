/** The model of a batch's life has the states and the transitions of the code, and no mutant is lost. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BATCH_STATES, BATCH_TRANSITIONS } from '../../shared/batch-states';

const ROOT = join(__dirname, '..', '..');
const model = readFileSync(join(ROOT, 'model', 'batch.pml'), 'utf8');

/** What scripts/model/search.mjs makes of a verifier's words. The scripts are ES modules: a Node of its own loads them. */
function outcomeOf(text: string): unknown {
  const code = `import { outcomeOf } from ${JSON.stringify(join(ROOT, 'scripts', 'model', 'search.mjs'))};
    process.stdout.write(JSON.stringify(outcomeOf(${JSON.stringify(text)})));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }));
}

describe('the model of a batch', () => {
  it('has the states of the code', () => {
    const [, states] = /^mtype:state = \{ (.*) \}$/m.exec(model) ?? [];
    expect(states?.split(', ')).toEqual([...BATCH_STATES]);
  });

  it('has the transitions of the code', () => {
    const [legal] = /^#define LEGAL[^]*?\)\)$/m.exec(model) ?? [];
    const transitions = [...(legal ?? '').matchAll(/from == (\w+) && to == (\w+)/g)].map(([, from, to]) => [from, to]);
    expect(transitions).toEqual(BATCH_TRANSITIONS.map(([from, to]) => [from, to]));
  });

  it('changes a state nowhere but through the table', () => {
    expect(model.match(/\bstate = (?!planned;)\w+/g)).toEqual(['state = next']);
  });

  it('has a part for each mutant that is searched, and the other way round', () => {
    const script = readFileSync(join(ROOT, 'scripts', 'model.mjs'), 'utf8');
    const searched = [...script.matchAll(/^ {2}\['([A-Z_]+)', /gm)].map(([, name]) => name);
    expect(searched).toHaveLength(4);
    expect([...model.matchAll(/^#ifdef (\w+)$/gm)].map(([, name]) => name)).toEqual(searched);
  });
});

describe('a search', () => {
  const words = (errors: number, more = ''): string =>
    `${more}State-vector 100 byte, depth reached 21, errors: ${errors}\n     1234 states, stored\n`;

  it('passes where all of it was done without an error', () => {
    expect(outcomeOf(words(0))).toEqual({ passes: true, violates: false, states: 1234, depth: 21 });
  });

  it('passes not where it was cut short', () => {
    for (const why of ['error: max search depth too small\n', 'pan: reached -DMEMLIM bound\n'])
      expect(outcomeOf(words(0, why))).toMatchObject({ passes: false, violates: false });
    expect(outcomeOf('')).toMatchObject({ passes: false, violates: false });
  });

  it('takes a broken assertion for a counterexample, and nothing else', () => {
    const broken = 'pan:1: assertion violated (token==task[me].token) (at depth 9)\n';
    expect(outcomeOf(words(1, broken))).toMatchObject({ passes: false, violates: true });
    const stuck = 'pan:1: invalid end state (at depth 9)\n';
    expect(outcomeOf(words(1, stuck))).toMatchObject({ passes: false, violates: false });
  });
});
