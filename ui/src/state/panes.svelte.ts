/**
 * The attach panes beside the board.
 *
 * Promise: never more than fit; opening an open session goes to its pane.
 * Must not know: what a pane shows.
 */
import { SvelteMap } from "svelte/reactivity";
import { isNumber, recall, remember } from "./storage";

/** Panes side by side: more would leave none of them readable. */
export const PANES_MAX = 4;

/** The board beside panes: its bounds keep both sides readable. */
export const BOARD_MIN_PX = 260;
export const BOARD_MAX_PX = 720;
export const BOARD_FIRST_PX = 400;

/** A narrower pane shows nothing that could be read. */
export const PANE_MIN_PX = 240;

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

  private readonly shares = new SvelteMap<number, number>();
  private nextKey = 1;

  get empty(): boolean {
    return this.list.length === 0;
  }

  widen(wanted: number): void {
    this.boardWidth = Math.round(Math.max(BOARD_MIN_PX, Math.min(BOARD_MAX_PX, wanted)));
    remember("boardWidth", this.boardWidth);
  }

  /** A pane's part of the width, one being usual. */
  share(key: number): number {
    return this.shares.get(key) ?? 1;
  }

  /** Moves the line behind a pane by some pixels; all panes together are `allPx` wide. */
  moveLine(key: number, byPx: number, allPx: number): void {
    const left = this.list.findIndex((pane) => pane.key === key);
    const [a, b] = [this.list[left], this.list[left + 1]];
    if (!a || !b || allPx <= 0) return;
    const sum = this.list.reduce((total, pane) => total + this.share(pane.key), 0);
    const px = (pane: Pane) => (this.share(pane.key) / sum) * allPx;
    const room = px(a) + px(b);
    const least = Math.min(PANE_MIN_PX, room / 2);
    const width = Math.max(least, Math.min(room - least, px(a) + byPx));
    this.shares.set(a.key, (width / allPx) * sum);
    this.shares.set(b.key, ((room - width) / allPx) * sum);
  }

  /** All panes as wide as each other again. */
  level(): void {
    this.shares.clear();
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
    this.shares.delete(key);
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
