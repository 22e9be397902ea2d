/**
 * What narrows the board.
 *
 * Promise: an empty text hides nothing. Must not know: the DOM, groups.
 */
import type { SessionView } from "../backend/api";
import { fitsQuery, parseQuery, type Query } from "./query";

export class Filter {
  text = $state("");
  /** Moves whenever the field shall take the keyboard. */
  focusTurn = $state(0);
  readonly query: Query = $derived(parseQuery(this.text));

  constructor(private readonly home: () => string) {}

  get active(): boolean {
    return this.text.trim() !== "";
  }

  fits(view: SessionView): boolean {
    return !this.active || fitsQuery(view, this.query, this.home());
  }

  clear(): void {
    this.text = "";
  }

  focus(): void {
    this.focusTurn += 1;
  }
}
