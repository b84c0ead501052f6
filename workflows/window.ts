/** At most a given number of tasks at once, each begun as soon as there is room. */
export class Window {
  private readonly running = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly size: number) {}

  get inFlight(): number {
    return this.running.size;
  }

  /** Begins a task once there is room for it. @throws what a task threw */
  async admit(task: () => Promise<void>): Promise<void> {
    while (this.running.size >= this.size) await Promise.race(this.running);
    this.rethrow();
    const running: Promise<void> = task()
      .catch((error: unknown) => {
        this.failure ??= { error };
      })
      .finally(() => this.running.delete(running));
    this.running.add(running);
  }

  /** Waits for all tasks. @throws what a task threw first, at once: who lost the run must not let the others go on */
  async drain(): Promise<void> {
    this.rethrow();
    while (this.running.size > 0) {
      await Promise.race(this.running);
      this.rethrow();
    }
  }

  private rethrow(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }
}
