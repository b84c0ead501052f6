/** At most a given number of tasks at once. */
export class Window {
  private readonly running = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | undefined;
  private wake: () => void = () => undefined;
  private resized = this.nextResize();

  constructor(private size: number) {}

  get inFlight(): number {
    return this.running.size;
  }

  /** True where a task may begin, or where one has failed: {@link rethrow} says so. */
  get hasRoom(): boolean {
    return this.running.size < this.size || this.failure !== undefined;
  }

  /** True where nothing is in flight, or where a task has failed. */
  get isIdle(): boolean {
    return this.running.size === 0 || this.failure !== undefined;
  }

  /** More room is there at once; with less, tasks end before others begin. */
  resize(size: number): void {
    this.size = size;
    this.wake();
    this.resized = this.nextResize();
  }

  /** Waits until a task may begin. @throws what a task threw */
  async room(): Promise<void> {
    while (this.running.size >= this.size) await Promise.race([...this.running, this.resized]);
    this.rethrow();
  }

  /** Begins a task at once; whether there is room is for {@link room} to say. */
  begin(task: () => Promise<void>): void {
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

  /** Waits until every task has ended, however. */
  async settle(): Promise<void> {
    while (this.running.size > 0) await Promise.race(this.running);
  }

  /** Forgets a failure that was dealt with; to be called once all tasks have ended. */
  forget(): void {
    this.failure = undefined;
  }

  private nextResize(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  /** @throws what a task threw first */
  rethrow(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }
}
