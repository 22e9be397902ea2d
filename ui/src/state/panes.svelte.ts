/**
 * The attach panes beside the board: columns side by side, each with one pane or several as tabs.
 *
 * Promise: never more columns than fit; opening a session closes no pane that is seen, and goes to the
 * pane that it has.
 * Must not know: what a pane shows.
 */
import { SvelteMap } from "svelte/reactivity";
import { isNumber, recall, remember } from "./storage";

/** Columns side by side: more would leave none of them readable. */
export const COLUMNS_MAX = 4;
/** Tabs of one column: names of more could not be read. The oldest goes, which ends nothing. */
export const TABS_MAX = 12;

/** The board beside panes: its bounds keep both sides readable. */
export const BOARD_MIN_PX = 260;
export const BOARD_MAX_PX = 720;
export const BOARD_FIRST_PX = 400;

/** A narrower pane breaks words and tables, and has no room for a name beside its buttons. */
export const PANE_MIN_PX = 360;

export type Pane = { key: number; session: string };
/** A place on the screen; `front` is the pane that is seen there. */
export type Column = { key: number; tabs: readonly Pane[]; front: Pane };
/** Where a session opens: where there is room, in a column of its own, or as a tab of the current one. */
export type Where = "usual" | "column" | "tab";

export class Panes {
  columns = $state.raw<readonly Column[]>([]);
  /** The pane that was used last; it is in front of its column. */
  current = $state<number | null>(null);
  /** Moves whenever the current pane shall take the keyboard. */
  focusTurn = $state(0);

  /** In a narrow window the board lies over the panes; a pane that is opened or gets the keyboard uncovers them. */
  covered = $state(false);

  /** The pane that is being searched. */
  finding = $state<number | null>(null);

  /** Panes that show what the session changed instead of the session itself. */
  reviewing = $state.raw<ReadonlySet<number>>(new Set());

  /** Width of the board while there are panes. */
  boardWidth = $state(recall("boardWidth", BOARD_FIRST_PX, isNumber));

  /** Width of all columns together; 0 before anything has measured it. */
  private roomPx = 0;

  private readonly shares = new SvelteMap<number, number>();
  private nextKey = 1;
  private takenTurn = 0;
  /** Counts what the user did elsewhere than in the current pane. */
  moment = 0;

  get empty(): boolean {
    return this.columns.length === 0;
  }

  /** Every pane, also those behind another. */
  get list(): Pane[] {
    return this.columns.flatMap((column) => column.tabs);
  }

  /** Those that are seen. */
  get shown(): Pane[] {
    return this.columns.map((column) => column.front);
  }

  /** The column of the pane that was used last. */
  get column(): Column | null {
    const { current } = this;
    return current === null ? null : (this.columnOf(current) ?? null);
  }

  widen(wanted: number): void {
    this.boardWidth = Math.round(Math.max(BOARD_MIN_PX, Math.min(BOARD_MAX_PX, wanted)));
    remember("boardWidth", this.boardWidth);
  }

  /** A column's part of the width, one being usual. */
  share(column: number): number {
    return this.shares.get(column) ?? 1;
  }

  /** Moves the line behind a column by some pixels; all together are `allPx` wide. */
  moveLine(key: number, byPx: number, allPx: number): void {
    const left = this.columns.findIndex((column) => column.key === key);
    const [a, b] = [this.columns[left], this.columns[left + 1]];
    if (!a || !b || allPx <= 0) return;
    const sum = this.columns.reduce((total, column) => total + this.share(column.key), 0);
    const px = (column: Column) => (this.share(column.key) / sum) * allPx;
    const room = px(a) + px(b);
    const least = Math.min(PANE_MIN_PX, room / 2);
    const width = Math.max(least, Math.min(room - least, px(a) + byPx));
    this.shares.set(a.key, (width / allPx) * sum);
    this.shares.set(b.key, ((room - width) / allPx) * sum);
  }

  /** All columns as wide as each other again. */
  level(): void {
    this.shares.clear();
  }

  isOpen(session: string): boolean {
    return this.list.some((pane) => pane.session === session);
  }

  /** `asked`: the moment at which the user asked for it; what was done elsewhere since keeps the keyboard. */
  open(session: string, where: Where = "usual", asked = this.moment): void {
    const near = where === "tab" ? (this.column?.tabs ?? []) : this.list;
    const known = near.find((pane) => pane.session === session);
    if (known && where !== "column") {
      this.focus(known.key, asked);
      return;
    }
    const pane = { key: this.nextKey++, session };
    const { column } = this;
    if (column && (where === "tab" || !this.hasRoom)) this.put(column.key, [...this.withRoom(column), pane], pane);
    else this.columns = [...this.columns, { key: this.nextKey++, tabs: [pane], front: pane }];
    this.focus(pane.key, asked);
  }

  /** Brings a pane in front and gives it the keyboard, unless the user was elsewhere since `asked`. */
  focus(key: number, asked = this.moment): void {
    this.show(key);
    if (asked === this.moment) this.focusTurn += 1;
  }

  /** The user pressed a key or button in the pane of `session`, null elsewhere: a turn that nobody has taken is void then. */
  acted(session: string | null): void {
    const pane = this.list.find((known) => known.key === this.current);
    if (pane && pane.session === session) return;
    this.moment += 1;
    this.takenTurn = this.focusTurn;
  }

  /** Brings a pane in front; the keyboard stays where it is. */
  show(key: number): void {
    const column = this.columnOf(key);
    const pane = column?.tabs.find((known) => known.key === key);
    if (!column || !pane) return;
    this.covered = false;
    if (column.front !== pane) this.put(column.key, column.tabs, pane);
    this.current = key;
  }

  /** In a narrow window the board comes over the panes: whatever of it takes the keyboard is to be seen. */
  showBoard(): void {
    this.covered = true;
  }

  /** Whether this pane shall take the keyboard; whoever asks has to take it then. */
  takesTurn(key: number): boolean {
    if (this.focusTurn === this.takenTurn || this.current !== key) return false;
    this.takenTurn = this.focusTurn;
    return true;
  }

  /** The next or the previous tab of the current column, round and round. */
  step(by: -1 | 1): void {
    const { column } = this;
    if (!column) return;
    const at = column.tabs.findIndex((pane) => pane === column.front);
    const next = column.tabs[(at + by + column.tabs.length) % column.tabs.length];
    if (next) this.focus(next.key);
  }

  /** Puts a tab before another one, or behind all of a column. */
  move(key: number, to: number, before: number | null = null): void {
    const pane = this.list.find((known) => known.key === key);
    const target = this.columns.find((column) => column.key === to);
    if (!pane || !target || key === before) return;
    const others = target.tabs.filter((known) => known.key !== key);
    const at = others.findIndex((known) => known.key === before);
    others.splice(at < 0 ? others.length : at, 0, pane);
    if (this.columnOf(key)?.key !== to) this.take(key);
    this.put(to, others, pane);
    this.focus(key);
  }

  /** A tab gets a column of its own, beside the one it was in. */
  split(key: number): void {
    const from = this.columnOf(key);
    const pane = from?.tabs.find((known) => known.key === key);
    if (!from || !pane || from.tabs.length < 2 || !this.hasRoom) return;
    this.take(key);
    const at = this.columns.findIndex((column) => column.key === from.key) + 1;
    this.columns = this.columns.toSpliced(at, 0, { key: this.nextKey++, tabs: [pane], front: pane });
    this.focus(key);
  }

  get hasRoom(): boolean {
    return this.columns.length < this.fitting;
  }

  /** How many columns fit. */
  private get fitting(): number {
    const fit = this.roomPx > 0 ? Math.floor(this.roomPx / PANE_MIN_PX) : COLUMNS_MAX;
    return Math.max(1, Math.min(COLUMNS_MAX, fit));
  }

  /** The strip knows its width. What was opened before, and does not fit, becomes tabs; a window made narrower keeps its columns. */
  measured(px: number): void {
    const before = this.roomPx;
    this.roomPx = px;
    while (before === 0 && this.columns.length > this.fitting) {
      const [left, right] = this.columns.slice(-2);
      if (!left || !right) return;
      this.shares.delete(right.key);
      this.columns = [
        ...this.columns.slice(0, -2),
        { ...left, tabs: [...left.tabs, ...right.tabs], front: right.front },
      ];
    }
  }

  close(key: number): void {
    const near = this.take(key);
    if (this.finding === key) this.finding = null;
    if (this.reviewing.has(key)) this.reviewing = new Set([...this.reviewing].filter((known) => known !== key));
    if (this.current === key) this.current = near ?? this.shown.at(-1)?.key ?? null;
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

  private columnOf(key: number): Column | undefined {
    return this.columns.find((column) => column.tabs.some((pane) => pane.key === key));
  }

  private put(key: number, tabs: readonly Pane[], front: Pane): void {
    this.columns = this.columns.map((column) => (column.key === key ? { key, tabs, front } : column));
  }

  /** Takes a pane out of its column, and an empty column away; the pane that is in front there then. */
  private take(key: number): number | null {
    const column = this.columnOf(key);
    if (!column) return null;
    const at = column.tabs.findIndex((pane) => pane.key === key);
    const tabs = column.tabs.toSpliced(at, 1);
    const front = column.front.key === key ? tabs[Math.min(at, tabs.length - 1)] : column.front;
    if (front) {
      this.put(column.key, tabs, front);
      return front.key;
    }
    this.columns = this.columns.filter((known) => known.key !== column.key);
    this.shares.delete(column.key);
    return null;
  }

  /** A column's tabs with room for one more. */
  private withRoom(column: Column): readonly Pane[] {
    if (column.tabs.length < TABS_MAX) return column.tabs;
    const oldest = column.tabs.reduce((a, b) => (a.key < b.key ? a : b));
    this.close(oldest.key);
    return this.columns.find((known) => known.key === column.key)?.tabs ?? [];
  }
}
