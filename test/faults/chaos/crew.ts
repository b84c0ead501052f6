/** The workers of a run, each with ways of its own to the servers that can be cut, and what is done to them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { portOf, startTcpProxy, through } from '../../support/tcp-proxy';
import type { TcpProxy } from '../../support/tcp-proxy';
import type { Lane } from '../rig/lane';
import type { RigWorker, Stop } from '../rig/worker';
import { WAYS } from './plan';
import type { Ambush, Plan, Way } from './plan';

/** Milliseconds that a worker has to stop: its default grace for the steps, then for its connections, and some more. */
const STOP_MS = 60_000;

interface Post {
  readonly ways: Readonly<Record<Way, TcpProxy>>;
  readonly delays: readonly Stop[];
  worker: RigWorker | null;
  /** Set while somebody ends or replaces it. */
  busy: boolean;
  frozen: boolean;
  readonly cut: Set<Way>;
}

export class Crew {
  /** What its workers did that they must not. */
  readonly violations: string[] = [];
  private posts: Post[] = [];
  /** Faults that take their time while others happen. */
  private readonly pending = new Set<Promise<void>>();
  private quiet = false;

  private constructor(
    private readonly lane: Lane,
    private readonly note: (line: string) => void,
  ) {}

  static async start(lane: Lane, plan: Plan, note: (line: string) => void): Promise<Crew> {
    const crew = new Crew(lane, note);
    const { temporal, source, target } = lane.services;
    crew.posts = await Promise.all(
      plan.workers.map(async ({ delays }) => ({
        ways: {
          temporal: await startTcpProxy(Number(temporal.address.split(':').at(-1))),
          source: await startTcpProxy(portOf(source.url)),
          target: await startTcpProxy(portOf(target.url)),
        },
        delays,
        worker: null,
        busy: false,
        frozen: false,
        cut: new Set<Way>(),
      })),
    );
    await Promise.all(crew.posts.map((post, index) => crew.man(post, plan.workers[index]!.ambush)));
    return crew;
  }

  /** Dead at once; another one is there after so many milliseconds. */
  kill(index: number, ms: number): void {
    this.replace(index, ms, (worker) => {
      worker.signal('SIGKILL');
      return worker.ended;
    });
  }

  /** Told to stop; another one is there so many milliseconds after it has. */
  end(index: number, ms: number): void {
    this.replace(index, ms, async (worker) => {
      worker.signal('SIGTERM');
      const late = sleep(STOP_MS, 'late' as const, { ref: false });
      const code = await Promise.race([worker.ended, late]);
      if (code !== 0) this.violations.push(`a worker that was told to stop ended with ${code}, and not with 0`);
      if (code !== 'late') return code;
      worker.signal('SIGKILL');
      return worker.ended;
    });
  }

  freeze(index: number, ms: number): void {
    const post = this.posts[index]!;
    const { worker } = post;
    if (worker === null || post.busy || post.frozen) return;
    post.frozen = true;
    worker.signal('SIGSTOP');
    this.begin(async () => {
      await sleep(ms);
      worker.signal('SIGCONT');
      post.frozen = false;
      this.note(`worker ${index + 1} goes on`);
    });
  }

  cut(index: number, way: Way, ms: number): void {
    const post = this.posts[index]!;
    if (post.cut.has(way)) return;
    post.cut.add(way);
    this.begin(async () => {
      await post.ways[way].close();
      await sleep(ms);
      await post.ways[way].open();
      post.cut.delete(way);
    });
  }

  /** Waits for the faults that are under way; no ambush is laid any more, and every post has its worker. */
  async settle(): Promise<void> {
    this.quiet = true;
    while (this.pending.size > 0) await Promise.all(this.pending);
  }

  /** Ends the workers in order. */
  async dismiss(): Promise<void> {
    for (const index of this.posts.keys()) this.end(index, Infinity);
    while (this.pending.size > 0) await Promise.all(this.pending);
  }

  /** Puts away whatever is left. */
  async close(): Promise<void> {
    this.quiet = true;
    for (const post of this.posts) {
      post.busy = true;
      post.worker?.signal('SIGKILL');
      await Promise.all(WAYS.map((way) => post.ways[way].close()));
    }
  }

  logs(): string[] {
    return this.lane.workers.map((worker) => worker.log());
  }

  private replace(index: number, ms: number, leave: (worker: RigWorker) => Promise<unknown>): void {
    const post = this.posts[index]!;
    const { worker } = post;
    if (worker === null || post.busy || post.frozen) return;
    post.busy = true;
    this.begin(async () => {
      await leave(worker);
      this.note(`worker ${index + 1} is gone`);
      post.worker = null;
      if (ms === Infinity) return;
      await sleep(ms);
      await this.man(post, null);
    });
  }

  /** Starts a worker, again until it runs: without Temporal it does not. */
  private async man(post: Post, ambush: Ambush | null): Promise<void> {
    const { temporal, source, target } = post.ways;
    const stops = ambush === null ? post.delays : [{ ...ambush }, ...post.delays];
    for (;;) {
      try {
        post.worker = await this.lane.startWorker(stops, {
          temporal: `127.0.0.1:${temporal.port}`,
          sourceUrl: through(this.lane.pair.sourceUrl, source),
          targetUrl: through(this.lane.pair.targetUrl, target),
        });
        break;
      } catch (error) {
        if (!/Temporal cannot be reached/.test((error as Error).message)) throw error;
        await sleep(250);
      }
    }
    post.busy = false;
    this.note(`worker ${this.posts.indexOf(post) + 1} is there`);
    this.watch(post, post.worker);
    if (ambush !== null) this.lieInWait(post, post.worker, ambush);
  }

  /** Nobody ends a worker but we. */
  private watch(post: Post, worker: RigWorker): void {
    void worker.ended.then((code) => {
      if (post.worker !== worker || post.busy) return;
      this.violations.push(`a worker ended by itself, with ${code}`);
      post.busy = true;
      post.worker = null;
      if (!this.quiet) this.begin(() => this.man(post, null));
    });
  }

  private lieInWait(post: Post, worker: RigWorker, { act, ms }: Ambush): void {
    const index = this.posts.indexOf(post);
    void worker.held.then(() => {
      // One that is being ended is let go: nobody would kill it, and it could not end.
      if (!this.quiet && post.worker === worker && !post.busy) {
        this.note(`${act} ${index + 1} at its point`);
        if (act === 'kill worker') return this.kill(index, ms);
        this.freeze(index, ms);
      }
      worker.go();
    });
  }

  private begin(work: () => Promise<void>): void {
    const pending: Promise<void> = work()
      .catch((error: unknown) => {
        this.violations.push(`the rig failed: ${String(error).slice(0, 2_000)}`);
      })
      .finally(() => this.pending.delete(pending));
    this.pending.add(pending);
  }
}
