/**
 * Keys of both databases by index: computed, never stored, so that a row can name its order or actor at any size.
 * Legacy ids are sparse; the numbers between them belong to records that the earlier migrations did not carry over.
 */
import type { Figures } from './figures';
import { hash32, uuidOf } from './random';

const STREAM = { case: 10, order: 11, profile: 12, instruction: 13, user: 14 };
const FIRST_INSTRUCTION = 70_001;
const FIRST_USER = 101;

/** Every 115th place between instructions is taken by one that never became an order. */
export const ORDERLESS_STEP = 115;

export class Keys {
  constructor(
    readonly seed: number,
    readonly figures: Figures,
  ) {}

  caseId(index: number): string {
    return uuidOf(this.seed, STREAM.case, index);
  }

  orderId(index: number): string {
    return uuidOf(this.seed, STREAM.order, index);
  }

  profileId(index: number): string {
    return uuidOf(this.seed, STREAM.profile, index);
  }

  /** Legacy id of the instruction that became an order. */
  instructionId(order: number): number {
    return FIRST_INSTRUCTION + order * 4 + (hash32(this.seed, STREAM.instruction, order) % 3);
  }

  /** Legacy id of an instruction without order. */
  orderlessInstructionId(index: number): number {
    return FIRST_INSTRUCTION + ((index * ORDERLESS_STEP) % this.figures.orders) * 4 + 3;
  }

  /** Legacy ids that no clean record has: for the dirty rows. */
  freshInstructionId(index: number): number {
    return FIRST_INSTRUCTION + this.figures.orders * 4 + 1000 + index;
  }

  userId(profile: number): number {
    return FIRST_USER + profile * 3 + (hash32(this.seed, STREAM.user, profile) % 2);
  }

  /** Legacy id of a user who is no profile. */
  unknownUserId(index: number): number {
    return FIRST_USER + (index % this.figures.profiles) * 3 + 2;
  }

  freshUserId(index: number): number {
    return FIRST_USER + this.figures.profiles * 3 + 1000 + index;
  }

  orderNumber(order: number): string {
    return `ORD-${String(order + 1).padStart(8, '0')}`;
  }

  /** The case of an order: one for each case, then a second one for some. */
  caseOfOrder(order: number): number {
    const { cases, orders } = this.figures;
    return order < cases ? order : Math.floor(((order - cases) * cases) / (orders - cases));
  }

  /** The second order of a case, if it has one. */
  secondOrder(caseIndex: number): number | undefined {
    const { cases, orders } = this.figures;
    const order = cases + Math.ceil((caseIndex * (orders - cases)) / cases);
    return order < orders && this.caseOfOrder(order) === caseIndex ? order : undefined;
  }

  /** The case that the n-th course belongs to: courses are spread over all cases. */
  caseOfCourse(course: number, courses: number): number {
    return Math.floor((course * this.figures.cases) / courses);
  }
}
