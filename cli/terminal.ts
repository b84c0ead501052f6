/** Where a command speaks: results on stdout, everything else on stderr, so that `--json` stays one document. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** True where stderr is a terminal on which a line can be drawn over. */
  readonly drawable: boolean;
  /** Width of that terminal. */
  readonly columns: number;
  /** Draws over the current line of stderr; the empty text clears it. */
  redraw(text: string): void;
  /** True where stdout is a terminal whose screen can be drawn anew. */
  readonly screen: boolean;
  /** Draws a text from the top of that screen, over what stood there. */
  repaint(text: string): void;
  /** Asks the person at the terminal for a line; null where there is none. */
  ask(question: string): Promise<string | null>;
  /** From now on Ctrl-C, or a request to end, aborts the signal instead of ending the process; a second one ends it. */
  interruption(): AbortSignal;
}

/** Prints a result as one JSON document. */
export function printJson(terminal: Terminal, document: unknown): void {
  terminal.out(JSON.stringify(document, null, 2));
}
