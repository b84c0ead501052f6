/** Seconds over which the rate is taken: long enough to span a batch, short enough to follow a change. */
const WINDOW_S = 30;

/** Rows per second of late, from counts that only grow. */
export class Rate {
  private samples: { readonly at: number; readonly rows: number }[] = [];

  /** @param at seconds, of any clock that does not step */
  add(at: number, rows: number): void {
    // A run that starts again from an earlier count would show a negative rate.
    if (rows < (this.samples[this.samples.length - 1]?.rows ?? 0)) this.samples = [];
    this.samples.push({ at, rows });
    // One sample before the window stays, so that there is always something to measure from.
    while (this.samples.length > 2 && this.samples[1]!.at < at - WINDOW_S) this.samples.shift();
  }

  /** Rows per second, or undefined while there is nothing to say. */
  perSecond(): number | undefined {
    const [first] = this.samples;
    const last = this.samples[this.samples.length - 1];
    if (first === undefined || last === undefined || last.at - first.at < 1 || last.rows === first.rows)
      return undefined;
    return (last.rows - first.rows) / (last.at - first.at);
  }
}
