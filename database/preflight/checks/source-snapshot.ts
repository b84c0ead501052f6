import type { Context } from '../context';

/** Only InnoDB reads one moment of the table while others write; elsewhere a count and a read may differ. */
export async function sourceSnapshot(context: Context): Promise<string[]> {
  const { table } = context.mapping.source;
  const rows = await context.source(
    'preflight.sourceEngine',
    'SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?',
    [table],
  );
  const engine = rows[0]?.[0] ?? 'no engine: a view';
  if (engine === 'InnoDB') return [];
  return [
    `The source's table "${table}" has ${engine}, which gives no consistent snapshot; let nobody write to it while a run goes on, or ALTER TABLE \`${table}\` ENGINE = InnoDB.`,
  ];
}
