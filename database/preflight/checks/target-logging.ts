import type { Context } from '../context';

/** Levels of log_min_messages and log_min_error_statement that an ERROR does not reach. */
const ABOVE_ERROR = ['log', 'fatal', 'panic'];

/** A server that logs failed statements and their details writes row values, which are patients' data, into its log. */
export async function targetLogging(context: Context): Promise<string[]> {
  const rows = await context.target(
    'preflight.targetLogging',
    `SELECT name::text, setting FROM pg_settings
      WHERE name IN ('log_min_messages', 'log_min_error_statement', 'log_statement', 'log_min_duration_statement',
                     'log_parameter_max_length_on_error')`,
  );
  const settings = new Map(rows.map((row) => [row.name, row.setting ?? '']));
  const value = (name: string): string => settings.get(name) ?? '';
  const user = await context.targetUser();
  const advice = (name: string, to: string): string => `as a superuser: ALTER ROLE ${user} SET ${name} = ${to}`;

  const warnings: string[] = [];
  if (value('log_min_messages') !== '' && !ABOVE_ERROR.includes(value('log_min_messages'))) {
    warnings.push(
      `log_min_messages is ${value('log_min_messages')}: the target's log would hold the detail of a failed statement, and so row values; ${advice('log_min_messages', 'fatal')}.`,
    );
  }
  if (value('log_min_error_statement') !== '' && !ABOVE_ERROR.includes(value('log_min_error_statement'))) {
    warnings.push(
      `log_min_error_statement is ${value('log_min_error_statement')}: the target's log would hold failed statements with their parameters; ${advice('log_min_error_statement', 'panic')}.`,
    );
  }
  if (['mod', 'all'].includes(value('log_statement'))) {
    warnings.push(
      `log_statement is ${value('log_statement')}: the target's log would hold statements with their parameters; ${advice('log_statement', "'none'")}.`,
    );
  }
  if (Number(value('log_min_duration_statement') || '-1') >= 0) {
    warnings.push(
      `log_min_duration_statement is ${value('log_min_duration_statement')}: the target's log would hold slow statements with their parameters; ${advice('log_min_duration_statement', '-1')}.`,
    );
  }
  if (!['', '0'].includes(value('log_parameter_max_length_on_error'))) {
    warnings.push(
      `log_parameter_max_length_on_error is ${value('log_parameter_max_length_on_error')}: the target's log would hold the parameters of failed statements; ${advice('log_parameter_max_length_on_error', '0')}.`,
    );
  }
  return warnings;
}
