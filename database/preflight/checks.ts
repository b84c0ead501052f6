/** The preflight's checks, written out: the order is that of the report, and what others need comes first. */
import type { Check } from './check';
import { ledgerPrivileges } from './checks/ledger-privileges';
import { ledgerSchema } from './checks/ledger-schema';
import { lookupColumns } from './checks/lookup-columns';
import { lookupIndex } from './checks/lookup-index';
import { rowsGone } from './checks/rows-gone';
import { rowSecurity } from './checks/row-security';
import { sourceColumns } from './checks/source-columns';
import { sourceKey } from './checks/source-key';
import { sourceReachable } from './checks/source-reachable';
import { sourceReadonly } from './checks/source-readonly';
import { sourceSnapshot } from './checks/source-snapshot';
import { sourceTable } from './checks/source-table';
import { sourceTypes } from './checks/source-types';
import { sourceVersion } from './checks/source-version';
import { sourceWhere } from './checks/source-where';
import { targetColumns } from './checks/target-columns';
import { targetKey } from './checks/target-key';
import { targetLogging } from './checks/target-logging';
import { targetPrivileges } from './checks/target-privileges';
import { targetReachable } from './checks/target-reachable';
import { targetTable } from './checks/target-table';
import { targetTriggers } from './checks/target-triggers';
import { targetTypes } from './checks/target-types';
import { targetVersion } from './checks/target-version';
import { targetWritable } from './checks/target-writable';
import { timeZone } from './checks/time-zone';

const problem = (name: string, needs: readonly string[], run: Check['run']): Check => ({
  name,
  severity: 'problem',
  needs,
  run,
});
const warning = (name: string, needs: readonly string[], run: Check['run']): Check => ({
  name,
  severity: 'warning',
  needs,
  run,
});

/** What is asked of the two servers, whatever the mapping. */
export const SERVER_CHECKS: readonly Check[] = [
  problem('source reachable', [], sourceReachable),
  problem('target reachable', [], targetReachable),
  problem('source version', ['source reachable'], sourceVersion),
  problem('target version', ['target reachable'], targetVersion),
  problem('target writable', ['target reachable'], targetWritable),
  problem('ledger schema', ['target reachable'], ledgerSchema),
  problem('ledger privileges', ['ledger schema'], ledgerPrivileges),
  warning('target logging', ['target reachable'], targetLogging),
];

/** What a mapping asks of them. */
export const MAPPING_CHECKS: readonly Check[] = [
  problem('source table', ['source reachable'], sourceTable),
  problem('source columns', ['source table'], sourceColumns),
  problem('source types', ['source table'], sourceTypes),
  problem('source key', ['source table'], sourceKey),
  problem('source predicate', ['source table'], sourceWhere),
  warning('source read only', ['source reachable'], sourceReadonly),
  warning('source snapshot', ['source table'], sourceSnapshot),
  problem('target table', ['target reachable'], targetTable),
  problem('target columns', ['target table'], targetColumns),
  problem('target types', ['target table'], targetTypes),
  problem('target key', ['target table'], targetKey),
  problem('lookup columns', ['target reachable'], lookupColumns),
  problem('target privileges', ['target reachable'], targetPrivileges),
  problem('rows gone', ['target table'], rowsGone),
  problem('row security', ['target reachable'], rowSecurity),
  problem('time zone', ['target reachable'], timeZone),
  warning('lookup index', ['lookup columns'], lookupIndex),
  warning('target triggers', ['target table'], targetTriggers),
];
