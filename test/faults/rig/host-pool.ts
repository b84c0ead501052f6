/** Processes with workers that outlive the runs they work for: each start of one costs seconds of a processor. */
import { startHost } from './host';
import type { Host } from './host';

export class HostPool {
  private readonly idle: Host[] = [];
  private readonly all = new Set<Host>();

  constructor(private readonly temporal: string) {}

  async take(): Promise<Host> {
    const found = this.idle.pop();
    if (found !== undefined) return found;
    const started = await startHost(this.temporal);
    this.all.add(started);
    return started;
  }

  /** Takes back one that has no worker any more; one that does not let go of its workers is ended. */
  async give(host: Host): Promise<void> {
    if (host.isEmpty) this.idle.push(host);
    else await this.end(host);
  }

  async close(): Promise<void> {
    await Promise.all([...this.all].map((host) => this.end(host)));
  }

  private async end(host: Host): Promise<void> {
    this.all.delete(host);
    host.signal('SIGKILL');
    await host.ended;
  }
}
