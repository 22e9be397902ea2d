/**
 * Keystrokes in the order in which they were typed.
 *
 * Promise: one call at a time, and what is typed meanwhile goes with the next one; calls that are
 * under way at the same time may overtake each other.
 * Must not know: what carries the text.
 */
export class TypedInOrder {
  #waiting = "";
  #sending: Promise<void> | null = null;
  readonly #send: (text: string) => Promise<void>;

  constructor(send: (text: string) => Promise<void>) {
    this.#send = send;
  }

  /** Settles when everything typed so far has been handed over. */
  type(text: string): Promise<void> {
    this.#waiting += text;
    this.#sending ??= this.#drain();
    return this.#sending;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting !== "") {
        const text = this.#waiting;
        this.#waiting = "";
        await this.#send(text);
      }
    } finally {
      // What follows a failed call must not arrive without what came before it.
      this.#waiting = "";
      this.#sending = null;
    }
  }
}
