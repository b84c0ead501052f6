/**
 * Rows that cannot be loaded, or only just: at least one for every reason, alone and together, and beside each kind a
 * row that looks like it and is fine. They come on top of the clean sample and use lookup keys of their own, so that
 * no clean row changes its fate.
 */
import type { Keys } from './keys';
import { MESSAGE_COLUMNS } from './message-rows';
import { uuidOf } from './random';
import type { Row, SampleTable, Value } from './table';

const STREAM = 40;
const SHARED_NUMBER = 'DUP-00000001';
const NUL = '\0';
const ZERO = '0000-00-00 00:00:00';

function table(name: string, columns: readonly string[], rows: readonly Row[]): SampleTable {
  return { name, columns, text: columns, rows: () => rows };
}

/** Lookups with two answers: for an instruction, an order number and a user; and one with the same answer twice. */
export function dirtyLookups(keys: Keys): SampleTable[] {
  const id = (index: number): string => uuidOf(keys.seed, STREAM, index);
  const [ambiguous, twiceTheSame] = [keys.freshInstructionId(0), keys.freshInstructionId(1)];
  const [one, other] = [keys.caseId(0), keys.caseId(1)];
  return [
    table(
      'profiles',
      ['id', 'legacy_user_id', 'full_name'],
      [
        [id(0), String(keys.freshUserId(0)), 'Double One'],
        [id(1), String(keys.freshUserId(0)), 'Double Two'],
      ],
    ),
    table(
      'orders',
      ['id', 'instruction_id', 'case_id', 'order_number'],
      [
        [id(2), String(ambiguous), one, 'AMB-00000001'],
        [id(3), String(ambiguous), other, 'AMB-00000002'],
        [id(4), String(twiceTheSame), one, SHARED_NUMBER],
        [id(5), String(twiceTheSame), one, SHARED_NUMBER],
      ],
    ),
  ];
}

/** The dirty rows of `dispatch_state`; all but the last get the next ids. */
export function dirtyDispatchStates(keys: Keys): SampleTable {
  const ordered = keys.instructionId(0);
  const known = keys.userId(0);
  const orderless = keys.freshInstructionId(2);
  const ambiguous = keys.freshInstructionId(0);
  const good = {
    id: null as Value,
    instruction_id: ordered as Value,
    status: 11 as Value,
    on: 1 as Value,
    actor_id: known as Value,
    reason: null as Value,
    notes: null as Value,
    created_at: '2024-05-06 07:08:09' as Value,
  };
  const long = 'x'.repeat(121);
  const changes: Partial<typeof good>[] = [
    // The references.
    { instruction_id: orderless },
    { instruction_id: ambiguous },
    { instruction_id: keys.freshInstructionId(1), notes: 'two orders of one case: no doubt' },
    { actor_id: keys.freshUserId(0), notes: 'two profiles: loaded without actor' },
    { actor_id: keys.freshUserId(1), notes: 'no profile: loaded without actor' },
    // The codes.
    { status: 13 },
    { status: 0 },
    { status: -11 },
    // Values that are none.
    { on: 2 },
    { on: -1 },
    { notes: `before${NUL}after` },
    { reason: NUL },
    { created_at: ZERO },
    { created_at: '2024-00-00 00:00:00' },
    { created_at: '2022-05-00 10:00:00' },
    { created_at: '2023-02-31 10:00:00' },
    // Lengths, in characters.
    { reason: long },
    { reason: '🦷'.repeat(121) },
    { reason: 'y'.repeat(255) },
    { reason: '🦷'.repeat(120), notes: 'as long as may be' },
    // Times that never were, their edges, and times that were twice.
    { created_at: '2023-03-26 02:00:00' },
    { created_at: '2023-03-26 02:30:00' },
    { created_at: '2024-03-31 02:59:59' },
    { created_at: '2024-03-31 01:59:59', notes: 'before the gap' },
    { created_at: '2024-03-31 03:00:00', notes: 'after the gap' },
    { created_at: '2024-10-27 02:30:00', notes: 'in the fold' },
    // Several reasons at once.
    { instruction_id: orderless, status: 13, on: 2, reason: long, created_at: '2022-03-27 02:15:00' },
    { instruction_id: ambiguous, on: 3, notes: NUL },
    { status: 13, reason: long, created_at: '2022-03-27 02:45:00' },
    { status: 99, created_at: ZERO },
    { on: 2, reason: long },
    { reason: long, created_at: '2021-03-28 02:00:01' },
    // A gap in the ids of almost all there are.
    { id: 4_000_000_000, status: 12, notes: 'far away' },
  ];
  return table(
    'dispatch_state',
    Object.keys(good),
    changes.map((change) => Object.values({ ...good, ...change })),
  );
}

/** The dirty rows of `message`. */
export function dirtyMessages(keys: Keys): SampleTable {
  const good = {
    order_number: keys.orderNumber(0) as Value,
    sender_id: keys.userId(0) as Value,
    subject: 'dirty' as Value,
    body: null as Value,
    fee: '1.00' as Value,
    due_on: null as Value,
    sent_at: '2024-05-06 07:08:09.010' as Value,
    read_at: null as Value,
  };
  const unknown = keys.freshUserId(1);
  const changes: Partial<typeof good>[] = [
    { order_number: 'NONE-0000001' },
    { order_number: '', body: 'an empty number is not no number' },
    { order_number: keys.orderNumber(0).toLowerCase(), body: 'equal by the collation of the source only' },
    { order_number: `${keys.orderNumber(0)} `, body: 'likewise' },
    { order_number: null, body: 'no order is fine' },
    { order_number: SHARED_NUMBER },
    { sender_id: unknown },
    { sender_id: keys.freshUserId(0) },
    { due_on: '2024-00-00' },
    { due_on: '2023-02-31' },
    { due_on: '2024-07-00' },
    { due_on: '0000-00-00', read_at: ZERO, body: 'zero dates are none' },
    { read_at: '2024-00-00 00:00:00' },
    { sent_at: '0000-00-00 00:00:00.000' },
    { subject: `a${NUL}b` },
    { body: NUL },
    { subject: 'z'.repeat(201) },
    { subject: '😁'.repeat(201) },
    { subject: '😁'.repeat(200), body: 'as long as may be' },
    { sent_at: '2023-03-26 02:00:00.000' },
    { sent_at: '2023-03-26 02:59:59.999' },
    { read_at: '2023-03-26 02:30:00' },
    { sent_at: '2023-03-26 01:59:59.999', read_at: '2023-03-26 03:00:00', body: 'either side of the gap' },
    { sent_at: '2023-10-29 02:00:00.000' },
    { sent_at: '2023-10-29 02:59:59.999' },
    { read_at: '2022-10-30 02:30:00' },
    { sent_at: '2023-10-29 01:59:59.999', read_at: '2023-10-29 03:00:00', body: 'either side of the fold' },
    { sender_id: unknown, order_number: 'NONE-0000002', subject: `${NUL}${'z'.repeat(220)}` },
    { sender_id: keys.freshUserId(0), due_on: '2024-00-00', sent_at: '2023-10-29 02:30:00.000' },
    { sent_at: '2023-10-29 02:30:00.000', read_at: '2024-03-31 02:30:00' },
    // Fit as far as the mapping can say; a rule of the target refuses it.
    { due_on: '9999-12-31', body: 'never due, as the old program wrote it' },
  ];
  // Threads of three, with the largest ids and positions that the columns hold.
  const rows = changes.map((change, index) => [
    4_294_967_295 - Math.floor(index / 3),
    [0, 7, 65_535][index % 3]!,
    ...Object.values({ ...good, ...change }),
  ]);
  return table('message', MESSAGE_COLUMNS, rows);
}
