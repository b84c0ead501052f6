/** The legacy table that the first migration missed. */
import { datetimeText } from './clock';
import { stateChanges } from './courses';
import type { Figures } from './figures';
import type { Keys } from './keys';
import { Quota, Random } from './random';
import type { Row, SampleTable } from './table';
import { notesText, reasonText } from './texts';
import { soonAfter, Timeline } from './timeline';

const STREAM = 1;
const FIRST_ID = 1001;
const STATUS = { active: 11, closed: 12 };

interface Draft {
  readonly caseIndex: number;
  readonly time: number;
  readonly instruction: number;
  readonly status: number;
  readonly on: number;
  readonly actor: number | null;
  readonly reason: string | null;
  readonly notes: string | null;
}

/** `dispatch_state`: so many rows, exactly. */
export function dispatchStates(figures: Figures, keys: Keys): SampleTable {
  return {
    name: 'dispatch_state',
    columns: ['id', 'instruction_id', 'status', 'on', 'actor_id', 'reason', 'notes', 'created_at'],
    text: ['reason', 'notes'],
    rows: () => numbered(drafts(figures, keys), keys.seed),
  };
}

/**
 * Numbers the rows, with gaps. Sometimes the later of two changes of a case was entered first, so that ids do not
 * follow time: whoever orders by id finds other transitions.
 */
function* numbered(changes: Iterable<Draft>, seed: number): Generator<Row> {
  const random = new Random(seed, STREAM + 1);
  let id = FIRST_ID;
  const entered = (draft: Draft): Row => {
    id += 1 + (random.onceIn(16) ? 1 + random.below(40) : 0);
    const { instruction, status, on, actor, reason, notes, time } = draft;
    return [id, instruction, status, on, actor, reason, notes, datetimeText(time)];
  };
  let held: Draft | undefined;
  for (const draft of changes) {
    if (held === undefined) {
      held = draft;
    } else if (draft.caseIndex === held.caseIndex && draft.time !== held.time && random.onceIn(3)) {
      yield entered(draft);
    } else {
      yield entered(held);
      held = draft;
    }
  }
  if (held !== undefined) yield entered(held);
}

function* drafts(figures: Figures, keys: Keys): Generator<Draft> {
  const random = new Random(keys.seed, STREAM);
  const timeline = new Timeline(keys.seed, figures);
  const changes = stateChanges(figures, keys, random);
  const kinds = new Quota([figures.loaded, figures.withoutOrder.active, figures.withoutOrder.closed]);
  const actors = new Quota([figures.actors.known, figures.actors.none, figures.actors.unknown]);
  let time = timeline.at(0);
  let before = -1;
  let orderless = 0;
  let loaded = 0;
  for (let row = 0; row < figures.rows; row++) {
    const kind = kinds.draw(random);
    const on = random.onceIn(9) ? 0 : 1;
    const reason = reasonText(random);
    const notes = notesText(random);
    if (kind > 0) {
      const instruction = keys.orderlessInstructionId(orderless++);
      const status = kind === 1 ? STATUS.active : STATUS.closed;
      const actor = actorOf(random.below(20) > 1 ? 0 : 1 + random.below(2), keys, random);
      const late = soonAfter(time, random.fraction());
      yield { caseIndex: -1, time: late, instruction, status, on, actor, reason, notes };
      continue;
    }
    const [caseIndex, state] = changes.next().value as [number, string];
    // Two changes of a case in the same second: only their ids tell which came first.
    const tie = caseIndex === before && random.onceIn(3);
    if (!tie || timeline.isPinned(loaded) || !timeline.sameYear(loaded, loaded - 1)) time = timeline.at(loaded);
    const second = keys.secondOrder(caseIndex);
    const instruction = keys.instructionId(second !== undefined && random.onceIn(3) ? second : caseIndex);
    const status = state === 'A' ? STATUS.active : STATUS.closed;
    const actor = actorOf(actors.draw(random), keys, random);
    yield { caseIndex, time, instruction, status, on, actor, reason, notes };
    before = caseIndex;
    loaded += 1;
  }
}

function actorOf(kind: number, keys: Keys, random: Random): number | null {
  if (kind === 1) return null;
  const index = random.below(keys.figures.profiles);
  return kind === 0 ? keys.userId(index) : keys.unknownUserId(index);
}
