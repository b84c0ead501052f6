/** Checks the one JSON object that starts `acceptFindings`: all problems at once. */
import { asNumber, numberList, optionalText } from './fields';
import { DEFECTS } from './findings';
import type { FindingKind } from './findings';
import { readMigrationFields } from './input-object';
import type { Checked } from './input-object';

/** Which findings may stay as they are: all of some kinds, or single ones, by the numbers that the ledger gave them. */
export interface AcceptInput {
  readonly migration: string;
  /** Number of a verification that is over. */
  readonly verification: string;
  readonly kinds?: readonly FindingKind[];
  readonly findings?: readonly string[];
  readonly reason: string;
  /** Recorded as claimed. */
  readonly by?: string;
}

const FIELDS = ['migration', 'verification', 'kinds', 'findings', 'reason', 'by'];

const EXAMPLE =
  '{"migration": "case-states", "verification": "7", "kinds": ["extra"], "reason": "kept by the registry"}';

/** @param known names of the migrations that there are */
export function checkAcceptInput(given: unknown, known: readonly string[]): Checked<AcceptInput> {
  const { fields, problems } = readMigrationFields(given, FIELDS, EXAMPLE, known);
  if (fields === null) return { input: null, problems };
  const verification = asNumber(fields.verification);
  if (verification === null) problems.push('"verification" must be the number of a verification');
  const kinds = fields.kinds == null ? undefined : readKinds(fields.kinds, problems);
  const findings = fields.findings == null ? undefined : numberList('findings', fields.findings, 'findings', problems);
  if ((fields.kinds == null) === (fields.findings == null)) {
    problems.push('either "kinds" or "findings" says what is accepted');
  }
  if (fields.reason == null) problems.push('"reason" is missing');
  const texts = {
    ...optionalText('reason', fields.reason, 'why this may stay as it is', problems),
    ...optionalText('by', fields.by, 'your name', problems),
  };
  if (problems.length > 0 || texts.reason === undefined) return { input: null, problems };
  return {
    input: {
      migration: fields.migration as string,
      verification: verification!,
      ...(kinds && { kinds }),
      ...(findings && { findings }),
      ...texts,
      reason: texts.reason,
    },
    problems: [],
  };
}

function readKinds(given: unknown, problems: string[]): FindingKind[] {
  const isKind = (kind: unknown): kind is FindingKind => DEFECTS.some((defect) => defect === kind);
  if (Array.isArray(given) && given.length > 0 && given.every(isKind)) return given;
  problems.push(`"kinds" must be a list of ${DEFECTS.join(', ')}`);
  return [];
}
