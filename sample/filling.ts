/** Tables of the legacy clinic that no mapping reads: there so that the database looks like one. */
import { dateText, datetimeText, DAY, unambiguous, wallClock } from './clock';
import type { Figures } from './figures';
import { type Keys, ORDERLESS_STEP } from './keys';
import { hash32 } from './random';
import type { Row, SampleTable } from './table';
import { nameText } from './texts';

const STREAM = 30;
const START = wallClock(2018, 1, 2);

const PRODUCTS = ['aligner', 'retainer', 'refinement', 'scan'] as const;
const CARRIERS = ['DHL', 'UPS', 'Post'] as const;

/** All tables of the source but those that mappings read. */
export function fillingTables(figures: Figures, keys: Keys): SampleTable[] {
  const hash = (stream: number, index: number): number => hash32(keys.seed, STREAM + stream, index);
  const { instructions, users, other } = figures.filling;
  const days = (index: number, of: number): number => START + Math.floor((index / of) * 2700) * DAY;
  const table = (name: string, columns: string[], count: number, row: (index: number) => Row[]): SampleTable => ({
    name,
    columns,
    rows: function* () {
      for (let index = 0; index < count; index++) yield* row(index);
    },
  });
  return [
    table('instruction', ['id', 'patient_id', 'product', 'created_at'], instructions, (index) => {
      const more = [1 + (hash(0, index) % other), PRODUCTS[hash(1, index) % 4]!] as const;
      const created = datetimeText(unambiguous(days(index, instructions) + (hash(2, index) % DAY)));
      const ordered = [keys.instructionId(index), ...more, created];
      if (index % ORDERLESS_STEP > 0) return [ordered];
      return [ordered, [keys.orderlessInstructionId(index / ORDERLESS_STEP), ...more, created]];
    }),
    table('user', ['id', 'name', 'is_active'], users, (index) => {
      const user = [keys.userId(index), nameText(hash(3, index)), 1];
      if (index % 10 > 0) return [user];
      return [user, [keys.unknownUserId(index), nameText(hash(4, index)), 0]];
    }),
    table('patient', ['id', 'name', 'born_on'], other, (index) => [
      [1 + index, nameText(hash(5, index)), dateText(wallClock(1950, 1, 1) + (hash(6, index) % 20_000) * DAY)],
    ]),
    table('shipment', ['id', 'order_number', 'carrier', 'shipped_on'], other, (index) => [
      [10 + index * 2, keys.orderNumber(index), CARRIERS[hash(7, index) % 3]!, dateText(days(index, other))],
    ]),
    table('payment', ['id', 'order_number', 'amount', 'paid_on'], other, (index) => [
      [7 + index * 3, keys.orderNumber(index), `${hash(8, index) % 5000}.50`, dateText(days(index, other) + 9 * DAY)],
    ]),
  ];
}
