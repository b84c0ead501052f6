/** Opens the target for a command that reads or writes the ledger, and says what is wrong in words. */
import type { Config } from '../config';
import { ConfigError } from '../config';
import { connectionProblem, errorCode } from '../database/preflight/connection-problem';
import { describeUrl } from '../database/preflight/describe-url';
import { openTarget } from '../database/target/open-target';
import type { Target } from '../database/target/session';
import { CarryoverError } from '../shared/errors';
import { EXIT } from './exit-codes';
import { UserError } from './user-error';

/** The target's URL, or an error that says how to set it. */
export function requireTargetUrl(config: Config): string {
  if (config.targetUrl !== undefined) return config.targetUrl;
  throw new ConfigError([
    'CARRYOVER_TARGET_URL is not set; set it, or start the servers of this project with `npm run up`.',
  ]);
}

/** Opens a pool, runs `use`, and closes it. */
export async function withTarget<T>(config: Config, use: (target: Target) => Promise<T>): Promise<T> {
  const url = requireTargetUrl(config);
  const target = openTarget(url, 2);
  try {
    return await use(target);
  } catch (error) {
    throw ledgerError(url, error);
  } finally {
    await target.end();
  }
}

/** Undefined table or schema, and denied, as PostgreSQL numbers them. */
const NO_LEDGER = ['42P01', '3F000'];
const DENIED = '42501';

/** Turns an error of the target into words; an error that is none of a server passes through. */
export function ledgerError(url: string, error: unknown): unknown {
  const code = errorCode(error);
  if (error instanceof UserError || code === undefined) return error;
  if (NO_LEDGER.includes(code)) {
    return new UserError(
      `The target (${describeUrl(url)}) has no ledger, or an older one (SQLSTATE ${code}); run \`carryover setup\`.`,
      EXIT.refused,
    );
  }
  if (code === DENIED && !isConnecting(error)) {
    return new UserError(
      `The login may not do that in the target (${describeUrl(url)}, SQLSTATE ${code}); docs/privileges.md has the GRANTs, and \`carryover check\` says which are missing.`,
      EXIT.refused,
    );
  }
  const refused = error instanceof CarryoverError && error.type !== 'TargetUnavailable';
  if (refused && !/^(28|3D)/.test(code) && !isConnecting(error)) return error;
  return new UserError(connectionProblem('target', describeUrl(url), error), EXIT.unreachable);
}

/** The right to connect is refused while the session starts, before any statement. */
function isConnecting(error: unknown): boolean {
  return (
    error instanceof Error && /permission denied for database/.test(error.message) && !/schema/.test(error.message)
  );
}
