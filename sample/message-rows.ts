/** The legacy messages: composite key, decimals, zero dates, references that may be absent. */
import { DAY, dateText, datetimeText, HOUR, unambiguous, wallClock } from './clock';
import type { Figures } from './figures';
import type { Keys } from './keys';
import { Random } from './random';
import type { Row, SampleTable } from './table';
import { bodyText, subjectText } from './texts';

const STREAM = 4;
const START = wallClock(2018, 1, 2);
const SPAN = wallClock(2025, 8, 30) - START;
const ZERO_DATE = '0000-00-00';
const ZERO_DATETIME = '0000-00-00 00:00:00';

export const MESSAGE_COLUMNS = [
  'thread_id',
  'position',
  'order_number',
  'sender_id',
  'subject',
  'body',
  'fee',
  'due_on',
  'sent_at',
  'read_at',
] as const;

/** `message`: every sender and order known, no time in a missing or double hour. */
export function messageRows(figures: Figures, keys: Keys): SampleTable {
  return {
    name: 'message',
    columns: MESSAGE_COLUMNS,
    text: ['subject', 'body'],
    rows: () => threads(figures, keys),
  };
}

function* threads(figures: Figures, keys: Keys): Generator<Row> {
  const random = new Random(keys.seed, STREAM);
  const total = figures.messages;
  let thread = 5000;
  for (let row = 0; row < total;) {
    thread += 1 + (random.onceIn(8) ? random.below(30) : 0);
    const order = random.onceIn(4) ? null : keys.orderNumber(random.below(figures.orders));
    // The newest threads have ids that need 32 bits without a sign.
    const id = row > total * 0.98 ? 2_900_000_000 + thread : thread;
    let sent = START + Math.floor((row / total) * SPAN);
    let position = random.below(2);
    for (let left = Math.min(1 + random.below(9), total - row); left > 0; left--, row++) {
      yield message(id, position, order, sent, keys, random);
      position += 1 + (random.onceIn(10) ? 1 : 0);
      sent += random.below(30 * HOUR);
    }
  }
}

function message(
  thread: number,
  position: number,
  order: string | null,
  sent: number,
  keys: Keys,
  random: Random,
): Row {
  const millis = random.onceIn(5) ? 0 : random.below(1000);
  return [
    thread,
    position,
    order !== null && random.onceIn(9) ? null : order,
    keys.userId(random.below(keys.figures.profiles)),
    subjectText(random),
    bodyText(random),
    feeText(random),
    dueText(sent, random),
    `${datetimeText(unambiguous(sent))}.${String(millis).padStart(3, '0')}`,
    readText(sent, random),
  ];
}

function feeText(random: Random): string | null {
  const dice = random.below(20);
  if (dice < 8) return null;
  if (dice === 8) return '0.00';
  if (dice === 9) return random.onceIn(2) ? '9999999999.99' : '-9999999999.99';
  return `${dice < 12 ? '-' : ''}${random.below(4000)}.${String(random.below(100)).padStart(2, '0')}`;
}

function dueText(sent: number, random: Random): string | null {
  const dice = random.below(10);
  if (dice < 4) return null;
  return dice === 4 ? ZERO_DATE : dateText(sent + random.below(60) * DAY);
}

function readText(sent: number, random: Random): string | null {
  const dice = random.below(10);
  if (dice < 2) return null;
  return dice === 2 ? ZERO_DATETIME : datetimeText(unambiguous(sent + random.below(5 * DAY)));
}
