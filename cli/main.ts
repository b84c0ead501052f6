#!/usr/bin/env node
import './node-version';
import { loadConfig } from '../config';
import { catalog } from '../mappings/catalog';
import { runCommandLine } from './program';
import { processTerminal } from './process-terminal';

void runCommandLine(process.argv.slice(2), {
  terminal: processTerminal(),
  catalog,
  config: () => loadConfig(process.env),
  cwd: process.cwd(),
}).then((code) => {
  process.exitCode = code;
  // A connection that hangs in its closing must not keep the shell waiting; what was printed is out by then.
  setTimeout(() => process.exit(), 2_000).unref();
});
