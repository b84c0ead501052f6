import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config';
import type { BaselineLine } from '../database/ledger/baseline';
import { importBaseline, readBaseline } from '../database/ledger/baseline';
import { errorCode } from '../database/preflight/connection-problem';
import { describeUrl } from '../database/preflight/describe-url';
import { LATEST_SCHEMA, installSchema } from '../database/schema/install';
import { reachTarget } from '../database/target/reach';
import { listProblems } from '../shared/errors';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { ledgerError, requireTargetUrl, withTarget } from './targets';
import { registerCommand, registerSearchAttributes, searchAttributes, withTemporal } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';

interface Options {
  readonly baseline?: string;
  readonly json?: boolean;
}

interface Attributes {
  readonly registered: string[];
  readonly warnings: string[];
}

/** `carryover setup`: makes target and Temporal ready for runs; as often as one likes. */
export function setupCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('setup')
    .description("install the ledger's tables, register search attributes, import a baseline")
    .option(
      '--baseline <file>',
      'JSON list of the migrations done before: [{ table, domain, sourceRows, records, sourceTables? }]',
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  carryover setup\n  carryover setup --baseline estate.json')
    .action(async (options: Options) => {
      // Everything that can be refused is refused before anything is changed.
      const lines = options.baseline === undefined ? [] : readBaselineFile(resolve(context.cwd, options.baseline));
      const config = context.config();
      const { terminal } = context;
      // Said as it is done: where the next step fails, a person sees how far it came.
      const say = (text: string): void => (options.json === true ? undefined : terminal.out(text));

      const applied = await installLedger(config);
      say(`Ledger: ${applied.length === 0 ? `up to date (${LATEST_SCHEMA})` : `applied ${applied.join(', ')}`}`);
      const baseline = lines.length === 0 ? { added: 0, known: 0 } : await importLines(config, lines);
      if (lines.length > 0) say(`Baseline: ${baseline.added} added, ${baseline.known} known before`);
      const attributes = await registerAttributes(config);
      const { registered } = attributes;
      say(
        `Search attributes: ${registered.length === 0 ? 'registered before' : `registered ${registered.join(', ')}`}`,
      );
      for (const warning of attributes.warnings) terminal.err(`Warning: ${warning}`);
      if (options.json === true) {
        printJson(terminal, { schema: { version: LATEST_SCHEMA, applied }, baseline, searchAttributes: attributes });
      }
      exit(EXIT.fine);
    });
}

function readBaselineFile(path: string): BaselineLine[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = error instanceof SyntaxError ? 'is no JSON' : `cannot be read (${code ?? 'no error code'})`;
    throw new UserError(`The baseline ${path} ${why}; nothing was changed.`, EXIT.refused);
  }
  const { lines, problems } = readBaseline(json);
  if (problems.length > 0) {
    throw new UserError(listProblems(`The baseline ${path} is refused; nothing was changed:`, problems), EXIT.refused);
  }
  return lines;
}

async function installLedger(config: Config): Promise<string[]> {
  const url = requireTargetUrl(config);
  // Asked first by ourselves: the schema tool would print a failed connection, with its stack, on stdout.
  await withTarget(config, reachTarget);
  try {
    return await installSchema(url);
  } catch (error) {
    if (errorCode(error) === '42501') {
      throw new UserError(
        `The login may not install the ledger in the target (${describeUrl(url)}); run \`carryover setup\` as the database's owner, or GRANT CREATE ON DATABASE … TO the role.`,
        EXIT.refused,
      );
    }
    throw ledgerError(url, error);
  }
}

async function importLines(config: Config, lines: BaselineLine[]): Promise<{ added: number; known: number }> {
  const { added, known, problems } = await withTarget(config, (target) => importBaseline(target, lines));
  if (problems.length > 0) {
    throw new UserError(listProblems('The baseline is refused; none of it was imported:', problems), EXIT.refused);
  }
  return { added, known };
}

function registerAttributes(config: Config): Promise<Attributes> {
  return withTemporal(config, async (temporal) => {
    const states = await searchAttributes(temporal);
    const inState = (wanted: string): string[] =>
      [...(states ?? [])].filter(([, state]) => state === wanted).map(([name]) => name);
    const missing = inState('missing');
    const warnings = inState('other type').map(
      (name) => `the search attribute ${name} is registered with another type; remove it, and run setup again.`,
    );
    if (states === undefined) warnings.push('Temporal does not tell its search attributes; register them by hand.');
    if (missing.length === 0) return { registered: [], warnings };
    if (await registerSearchAttributes(temporal, missing)) return { registered: missing, warnings };
    const byHand = registerCommand(missing, temporal.namespace);
    return {
      registered: [],
      warnings: [...warnings, `Temporal refuses to register search attributes; run: ${byHand}`],
    };
  });
}
