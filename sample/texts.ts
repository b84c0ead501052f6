/**
 * Texts of a clinic's clerks, and the characters that break careless carriers: quotes, backslashes, tabs, line ends,
 * COPY's own end mark and NULL mark, emoji, blanks at either end, empty strings beside NULL.
 */
import type { Random } from './random';

const NUL_LIKE = '\\N';
const END_OF_COPY = '\\.';

const REASONS = [
  'Aligner order confirmed by the practice',
  'Treatment plan accepted',
  'Treatment finished',
  'Patient moved to another practice',
  'Refinement requested',
  'Retainer delivered',
  'Rückfrage der Praxis geklärt',
  'Verlängerung genehmigt – Größe geprüft',
  'Dr. Müller said: "go on"',
  "patient's wish",
  'scan path C:\\scans\\2023\\upper',
  'step 3\tof 12',
  'closed,\nthen filed',
  'two lines\r\nof a Windows client',
  'old Mac\rline end',
  END_OF_COPY,
  NUL_LIKE,
  'NULL',
  '',
  ' leading blank',
  'trailing blank ',
  '   ',
  '🦷',
  'all fine 👍🏽, smile 😁',
  '%s {0} $1 :name ?',
  '{"json": ["in", "text"]}',
  "'; DROP TABLE dispatch_state; --",
  '🦷'.repeat(120), // as long as the target allows: 120 characters, 240 UTF-16 units, 480 bytes
  'ä'.repeat(120),
];

const NOTES = [
  'Called the practice, all documents are complete.',
  'Impressions arrived; sent on to planning.',
  'Second scan needed: upper jaw incomplete.',
  'Invoice open, treatment goes on.',
  'Abschluss bestätigt. Fotos liegen vor, Röntgenbild fehlt noch.',
  'first line\nsecond line\n\nfourth line',
  `before the mark\n${END_OF_COPY}\nafter the mark`,
  `a\t${NUL_LIKE}\tb`,
  'He said "it\'s done" \\ she said \'not "yet"\'',
  'backslash at the end \\',
  '\\\\double\\\\',
  'tab\tseparated\tvalues\r\nwith\tline ends\r\n',
  '\n',
  '\t',
  '',
  ' ',
  'naïve café, Straße, Ωmega, кириллица, 漢字, עברית',
  'zero\u200bwidth and no\u00a0break',
  'combining e\u0301 beside é',
  '👩‍⚕️ and 👨‍👩‍👧 and 🇩🇪',
  '\u{1f9b7}\\.\u{1f9b7}',
  '<b>bold</b> &amp; "more"',
];

const SUBJECTS = [
  'Your order',
  'Question on the treatment plan',
  'Re: Re: appointment',
  'Rechnung für die Behandlung',
  'Scan "upper" is missing',
  "Patient's photos",
  'Files in C:\\export\\new',
  'Subject\twith tab',
  '',
  ' blanks ',
  END_OF_COPY,
  NUL_LIKE,
  '🦷 ready 🦷',
  '😁'.repeat(200), // exactly the target's limit, in characters
];

const PARAGRAPHS = [
  'Dear team,\n\nplease find the new scans attached.\n\nKind regards',
  'Guten Tag,\nwir bitten um Rückruf.\r\n\r\nMit freundlichen Grüßen',
  'The aligners 7 to 12 were sent today; tracking follows.',
  `quoted:\n> "as agreed"\n${END_OF_COPY}\nthe end`,
  'path\\to\\file\tand a tab',
  '👍',
  '',
];

const FIRST_NAMES = [
  'Anna',
  'Bülent',
  'Chloé',
  'Dörte',
  'Emil',
  'Fatma',
  'Greta',
  'Håkon',
  'Ines',
  'Jörg',
  'Kim',
  'Léa',
];
const LAST_NAMES = [
  'Abel',
  "O'Brien",
  'Çelik',
  'Dietz',
  'Groß',
  'Huber',
  'Jäger',
  'Krüger',
  'Löwe',
  'Núñez',
  'van Dyk',
];

/** A state's reason: mostly none or a usual one. */
export function reasonText(random: Random): string | null {
  const dice = random.below(10);
  if (dice < 4) return null;
  if (dice < 8) return REASONS[random.below(6)]!;
  return random.pick(REASONS);
}

/** A state's notes; some hold a number, so that not all rows are alike. */
export function notesText(random: Random): string | null {
  const dice = random.below(10);
  if (dice < 5) return null;
  if (dice < 7) return `${NOTES[random.below(5)]!} Ticket ${random.below(900_000) + 100_000}.`;
  return random.pick(NOTES);
}

export function subjectText(random: Random): string {
  return random.onceIn(3) ? random.pick(SUBJECTS) : `${SUBJECTS[random.below(4)]!} ${random.below(10_000)}`;
}

export function bodyText(random: Random): string | null {
  if (random.onceIn(12)) return null;
  let body = random.pick(PARAGRAPHS);
  for (let more = random.below(4); more > 0; more--) body += random.pick(PARAGRAPHS);
  return body;
}

/** A person's name, by numbers that stay the same for the same person. */
export function nameText(hash: number): string {
  return `${FIRST_NAMES[hash % FIRST_NAMES.length]!} ${LAST_NAMES[(hash >>> 8) % LAST_NAMES.length]!}`;
}
