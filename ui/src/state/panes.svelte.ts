/**
 * The attach panes beside the board.
 *
 * Promise: never more than fit; opening an open session goes to its pane.
 * Must not know: what a pane shows.
 */
import { isNumber, recall, remember } from "./storage";

/** Panes side by side: more would leave none of them readable. */
export const PANES_MAX = 4;

/** The board beside panes: its bounds keep both sides readable. */
export const BOARD_MIN_PX = 260;
export const BOARD_MAX_PX = 720;
const BOARD_FIRST_PX = 400;

export type Pane = { key: number; session: string };

export class Panes {
  list = $state.raw<Pane[]>([]);
  /** The pane that was used last. */
  current = $state<number | null>(null);
  /** Moves whenever the current pane shall take the keyboard. */
  focusTurn = $state(0);

  /** The pane that is being searched. */
  finding = $state<number | null>(null);

  /** Panes that show what the session changed instead of the session itself. */
  reviewing = $state.raw<ReadonlySet<number>>(new Set());

  /** Width of the board while there are panes. */
  boardWidth = $state(recall("boardWidth", BOARD_FIRST_PX, isNumber));

  private nextKey = 1;

  get empty(): boolean {
    return this.list.length === 0;
  }

  widen(boardWidth: number): void {
    this.boardWidth = boardWidth;
    remember("boardWidth", boardWidth);
  }

  isOpen(session: string): boolean {
    return this.list.some((pane) => pane.session === session);
  }

  open(session: string, another = false): void {
    const known = this.list.find((pane) => pane.session === session);
    if (known && !another) {
      this.focus(known.key);
      return;
    }
    const pane = { key: this.nextKey++, session };
    const kept = this.list.length < PANES_MAX ? this.list : this.withoutOldest();
    this.list = [...kept, pane];
    this.focus(pane.key);
  }

  focus(key: number): void {
    this.current = key;
    this.focusTurn += 1;
  }

  close(key: number): void {
    this.list = this.list.filter((pane) => pane.key !== key);
    if (this.finding === key) this.finding = null;
    if (this.reviewing.has(key)) this.reviewing = new Set([...this.reviewing].filter((known) => known !== key));
    if (this.current === key) this.current = this.list.at(-1)?.key ?? null;
  }

  review(key: number, on: boolean): void {
    const others = [...this.reviewing].filter((known) => known !== key);
    this.reviewing = new Set(on ? [...others, key] : others);
    this.focus(key);
  }

  find(key: number | null): void {
    this.finding = key;
  }

  closeSession(session: string): void {
    for (const pane of this.list) if (pane.session === session) this.close(pane.key);
  }

  private withoutOldest(): Pane[] {
    const oldest = this.list.reduce((a, b) => (a.key < b.key ? a : b));
    return this.list.filter((pane) => pane !== oldest);
  }
}
