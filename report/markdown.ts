import { code, count } from './format';
import type { Report } from './model';
import {
  checksSection,
  coverageSection,
  sourceSection,
  statesSection,
  transitionsSection,
  verdictSection,
  yearsSection,
} from './sections';
import { actorsSection, estateSection, quarantineSection } from './sections-after';
import { verificationSection } from './verification';

const SECTIONS = [
  verdictSection,
  sourceSection,
  coverageSection,
  statesSection,
  yearsSection,
  transitionsSection,
  verificationSection,
  checksSection,
  quarantineSection,
  actorsSection,
  estateSection,
];

const minute = (instant: string): string => `${instant.slice(0, 19).replace('T', ' ')} UTC`;

/** The report for people: Markdown whose tables stand in line in a terminal as well. Ends with a line break. */
export function toMarkdown(report: Report): string {
  const { migration, run, domain, startedAt, finishedAt, seconds, batches } = report;
  const head = [
    `# Migration report: ${migration}`,
    `Run ${run} of ${code(migration)} (${domain}), ${minute(startedAt)} to ${minute(finishedAt)}: ` +
      `${seconds.toFixed(1)} s, ${count(batches)} ${batches === 1 ? 'batch' : 'batches'}.`,
  ];
  const sections = SECTIONS.map((section) => section(report)).filter((text) => text !== '');
  return `${[...head, ...sections].join('\n\n')}\n`;
}
