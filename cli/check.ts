import type { Command } from 'commander';
import { requireUrls } from '../config';
import type { Config } from '../config';
import type { CheckOutcome } from '../database/preflight/check';
import { runPreflights } from '../database/preflight/run-preflight';
import { openSource } from '../database/source/open-source';
import { openTarget } from '../database/target/open-target';
import type { Mapping } from '../mappings/mapping';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { checkTemporal } from './check-temporal';
import { requireMigration } from './require-migration';
import { printJson } from './terminal';

interface Section {
  readonly title: string;
  readonly checks: readonly CheckOutcome[];
}

/** `carryover check`: everything that would keep a run from starting, before one is started. */
export function checkCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('check')
    .description('look at both servers, the mappings and Temporal; changes nothing')
    .argument('[migration]', 'only this migration; all without it')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  carryover check\n  carryover check case-states --json')
    .action(async (migration: string | undefined, options: { json?: boolean }) => {
      const names = migration === undefined ? context.catalog.names() : [requireMigration(context.catalog, migration)];
      const config = context.config();
      const temporal = { title: 'Temporal', checks: await checkTemporal(config) };
      const sections = [
        temporal,
        ...(await checkDatabases(
          config,
          names.map((name) => context.catalog.get(name)),
        )),
      ];

      const all = sections.flatMap((section) => section.checks);
      const of = (status: CheckOutcome['status']): CheckOutcome[] => all.filter((check) => check.status === status);
      const unreachable = of('problem').some((check) => check.name.endsWith(' reachable'));
      const code = of('problem').length === 0 ? EXIT.fine : unreachable ? EXIT.unreachable : EXIT.refused;
      if (options.json === true) {
        printJson(context.terminal, {
          ok: code === EXIT.fine,
          problems: of('problem').flatMap((check) => check.sentences),
          warnings: of('warning').flatMap((check) => check.sentences),
          sections,
        });
      } else {
        context.terminal.out(sections.map(printSection).join('\n\n'));
        const count = (status: CheckOutcome['status']): number => of(status).flatMap((check) => check.sentences).length;
        context.terminal.out(
          `\n${count('problem')} problems, ${count('warning')} warnings, ${of('skipped').length} not looked at`,
        );
      }
      exit(code);
    });
}

async function checkDatabases(config: Config, mappings: Mapping[]): Promise<Section[]> {
  const urls = requireUrls(config);
  const source = openSource(urls.sourceUrl);
  const target = openTarget(urls.targetUrl, 2);
  try {
    const [first, ...rest] = mappings;
    const { servers, migrations } = await runPreflights({ source, target, ...urls }, [first!, ...rest]);
    return [
      { title: 'Servers', checks: servers.checks },
      ...migrations.map(({ migration, result }) => ({ title: `Migration ${migration}`, checks: result.checks })),
    ];
  } finally {
    await Promise.all([source.close(), target.end()]);
  }
}

const MARKS: Readonly<Record<CheckOutcome['status'], string>> = { ok: '✓', problem: '✗', warning: '!', skipped: '–' };

function printSection({ title, checks }: Section): string {
  const lines = checks
    .filter((check) => check.status !== 'skipped')
    .flatMap((check) => [
      `  ${MARKS[check.status]} ${check.name}`,
      ...check.sentences.map((sentence) => `      ${sentence}`),
    ]);
  // What hangs on one failure is one line.
  const skipped = checks.filter((check) => check.status === 'skipped');
  for (const reason of new Set(skipped.flatMap((check) => check.sentences))) {
    const names = skipped.filter((check) => check.sentences.includes(reason)).map((check) => check.name);
    lines.push(`  ${MARKS.skipped} ${names.join(', ')}`, `      ${reason}`);
  }
  return [title, ...lines].join('\n');
}
