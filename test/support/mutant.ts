/** Code with one thing changed, loaded into a module registry of its own: to see that a test would notice. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { transformSync } from '@swc/core';

const ROOT = join(__dirname, '..', '..');

export interface Change {
  /** Path of a file of the project, such as `database/verify/range.ts`. */
  readonly file: string;
  /** Texts that stand there once each, and what stands there instead. */
  readonly edits: readonly (readonly [from: string, to: string])[];
}

type Exports = Readonly<Record<string, unknown>>;

/** The source with the change; an edit that would change nothing, or several places, fails. */
const changed = ({ file, edits }: Change): string =>
  edits.reduce(
    (text, [from, to]) => {
      const parts = text.split(from);
      if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places that read: ${from}`);
      return parts.join(to);
    },
    readFileSync(join(ROOT, file), 'utf8'),
  );

/** Jest's own, which has the changed modules of the moment. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- a name that is known at run time only
const required = (name: string): unknown => require(name) as unknown;

/** A module of the project, such as `worker/ports`, as it is under the changes. */
export const again = <T>(file: string): T => required(join(ROOT, file)) as T;

/** Loads a file of the project with the modules that the registry of the moment has. */
function load(path: string, text: string): Exports {
  const { code } = transformSync(text, {
    filename: path,
    module: { type: 'commonjs' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  });
  const module = { exports: {} as Exports };
  const near = (name: string): unknown => required(name.startsWith('.') ? resolve(dirname(path), name) : name);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the project's own code, with a change of the test's
  const run = new Function('require', 'module', 'exports', '__dirname', '__filename', code) as (
    ...given: unknown[]
  ) => void;
  run(near, module, module.exports, dirname(path), path);
  return module.exports;
}

/** Runs `work` with modules that have the changes, however they import each other. */
export async function withChanges<T>(changes: readonly Change[], work: () => Promise<T>): Promise<T> {
  jest.resetModules();
  const paths = changes.map((change) => {
    const text = changed(change);
    const path = join(ROOT, change.file);
    jest.doMock(path, () => load(path, text));
    return path;
  });
  try {
    return await work();
  } finally {
    for (const path of paths) jest.dontMock(path);
    jest.resetModules();
  }
}
