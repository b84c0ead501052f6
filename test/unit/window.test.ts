import { Window } from '../../workflows/window';

/** A task that ends when the test says so. */
class Task {
  begun = false;
  private settle!: { resolve: () => void; reject: (error: unknown) => void };
  private readonly promise = new Promise<void>((resolve, reject) => (this.settle = { resolve, reject }));

  readonly run = (): Promise<void> => {
    this.begun = true;
    return this.promise;
  };

  readonly end = (): void => this.settle.resolve();
  readonly fail = (error: unknown): void => this.settle.reject(error);
}

const tasks = (count: number): Task[] => Array.from({ length: count }, () => new Task());
const begun = (all: readonly Task[]): boolean[] => all.map((task) => task.begun);

/** Lets every promise that can go on do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function admit(window: Window, task: () => Promise<void>): Promise<void> {
  await window.room();
  window.begin(task);
}

async function admitAll(window: Window, all: readonly Task[]): Promise<void> {
  for (const task of all) await admit(window, task.run);
}

describe('Window', () => {
  it('begins tasks in order, and never more than it has room for', async () => {
    const window = new Window(2);
    const all = tasks(4);
    const admitted = admitAll(window, all);
    await settled();
    expect(begun(all)).toEqual([true, true, false, false]);
    expect(window.inFlight).toBe(2);
    all[1]!.end(); // the second makes room as well as the first
    await settled();
    expect(begun(all)).toEqual([true, true, true, false]);
    expect(window.inFlight).toBe(2);
    all[0]!.end();
    await admitted;
    expect(begun(all)).toEqual([true, true, true, true]);
    all[2]!.end();
    all[3]!.end();
    await window.drain();
    expect(window.inFlight).toBe(0);
  });

  it('keeps one task at a time with the size 1', async () => {
    const window = new Window(1);
    let running = 0;
    let most = 0;
    for (let count = 0; count < 20; count += 1) {
      await admit(window, async () => {
        running += 1;
        most = Math.max(most, running);
        await settled();
        running -= 1;
      });
    }
    await window.drain();
    expect(most).toBe(1);
    expect(running).toBe(0);
  });

  it('drains by waiting for every task', async () => {
    const window = new Window(3);
    const all = tasks(3);
    await admitAll(window, all);
    let drained = false;
    const draining = window.drain().then(() => (drained = true));
    all[0]!.end();
    all[2]!.end();
    await settled();
    expect(drained).toBe(false);
    all[1]!.end();
    await draining;
    expect(drained).toBe(true);
  });

  it('is drained at once where it is empty', async () => {
    await expect(new Window(1).drain()).resolves.toBeUndefined();
  });

  it('throws what a task threw to whoever admits next, and begins nothing more', async () => {
    const window = new Window(1);
    const [first, second] = tasks(2);
    await admit(window, first!.run);
    const error = new Error('the first');
    first!.fail(error);
    await expect(admit(window, second!.run)).rejects.toBe(error);
    expect(second!.begun).toBe(false);
  });

  it('throws what a task threw to whoever drains, without waiting for the others', async () => {
    const window = new Window(3);
    const all = tasks(3);
    await admitAll(window, all);
    const error = new Error('the second');
    const draining = expect(window.drain()).rejects.toBe(error);
    all[1]!.fail(error);
    await draining;
    expect(window.inFlight).toBe(2);
    all[0]!.end();
    all[2]!.end();
  });

  it('keeps the first of several failures', async () => {
    const window = new Window(2);
    const all = tasks(2);
    await admitAll(window, all);
    all[1]!.fail('first');
    all[0]!.fail('second');
    await settled();
    await expect(window.drain()).rejects.toBe('first');
    await expect(window.drain()).rejects.toBe('first');
  });

  it('has more room at once when it is made larger, and less from the next task on', async () => {
    const window = new Window(1);
    const all = tasks(4);
    const admitted = admitAll(window, all);
    await settled();
    expect(begun(all)).toEqual([true, false, false, false]);
    window.resize(3);
    await settled();
    expect(begun(all)).toEqual([true, true, true, false]);
    window.resize(1);
    all[0]!.end();
    all[1]!.end();
    await settled();
    expect(begun(all)).toEqual([true, true, true, false]);
    all[2]!.end();
    await admitted;
    all[3]!.end();
    await window.drain();
  });

  it('settles when every task has ended, whatever failed, and can forget that', async () => {
    const window = new Window(2);
    const all = tasks(2);
    await admitAll(window, all);
    let over = false;
    const settling = window.settle().then(() => (over = true));
    all[0]!.fail(new Error('first'));
    await settled();
    expect(over).toBe(false);
    all[1]!.end();
    await settling;
    await expect(window.room()).rejects.toThrow('first');
    window.forget();
    await expect(window.room()).resolves.toBeUndefined();
  });
});
