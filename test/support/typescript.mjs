import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { ROOT } from '../../scripts/project.mjs';

/** Loads a TypeScript module of this project, and what it requires, as the tests are loaded: transformed, not checked. */
export function requireTypescript(path) {
  Module._extensions['.ts'] = (module, filename) => {
    const { code } = transformSync(readFileSync(filename, 'utf8'), {
      filename,
      sourceMaps: 'inline',
      module: { type: 'commonjs' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    module._compile(code, filename);
  };
  return createRequire(join(ROOT, 'package.json'))(join(ROOT, path));
}
