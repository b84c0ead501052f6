/** The target's tables that earlier migrations filled: where references are looked up. */
import { dateText, DAY, wallClock } from './clock';
import type { Figures } from './figures';
import type { Keys } from './keys';
import { hash32 } from './random';
import type { Row, SampleTable } from './table';
import { nameText } from './texts';

const STREAM = 50;
const START = wallClock(2018, 1, 2);

/** `profiles`: each with a legacy user of its own. */
export function profileRows(figures: Figures, keys: Keys): SampleTable {
  return counted('profiles', ['id', 'legacy_user_id', 'full_name'], figures.profiles, (index) => [
    keys.profileId(index),
    keys.userId(index),
    nameText(hash32(keys.seed, STREAM, index)),
  ]);
}

/** `cases`. */
export function caseRows(figures: Figures, keys: Keys): SampleTable {
  return counted('cases', ['id', 'case_number', 'opened_on'], figures.cases, (index) => [
    keys.caseId(index),
    index + 1,
    dateText(START + Math.floor((index / figures.cases) * 2700) * DAY),
  ]);
}

/** `orders`: each with an instruction of its own, each of one case; some cases have two. */
export function orderRows(figures: Figures, keys: Keys): SampleTable {
  return counted('orders', ['id', 'instruction_id', 'case_id', 'order_number'], figures.orders, (index) => [
    keys.orderId(index),
    keys.instructionId(index),
    keys.caseId(keys.caseOfOrder(index)),
    keys.orderNumber(index),
  ]);
}

function counted(name: string, columns: string[], count: number, row: (index: number) => Row): SampleTable {
  return {
    name,
    columns,
    rows: function* () {
      for (let index = 0; index < count; index++) yield row(index);
    },
  };
}
