const gates = new Set<Gate>();

/** Lets everything go on that waits: a test that fails must not leave a worker which cannot end. */
export function releaseGates(): void {
  for (const gate of gates) gate.release();
}

/** A place where calls wait until the test lets them go on. */
export class Gate {
  private open!: () => void;
  private arrive!: () => void;
  private readonly opened = new Promise<void>((resolve) => (this.open = resolve));
  /** Resolves when the first call has come. */
  readonly reached = new Promise<void>((resolve) => (this.arrive = resolve));

  constructor() {
    gates.add(this);
  }

  readonly wait = async (): Promise<void> => {
    this.arrive();
    await this.opened;
  };

  readonly release = (): void => {
    gates.delete(this);
    this.open();
  };
}
