/**
 * Which row is selected, what is folded, and what a row is in the middle of.
 *
 * Promise: the selection follows its session between groups and never points at nothing while
 * there is a row. Must not know: the DOM, the backend.
 */
import { SvelteSet } from "svelte/reactivity";
import type { SessionView } from "../backend/api";
import type { BoardLayout } from "./boardLayout.svelte";
import type { Board } from "./board.svelte";
import type { Filter } from "./filter.svelte";
import { groupIdOf, groupOf, groupSessions, type Group } from "./groups";

/** How long the second press may take that deletes. */
export const CONFIRM_MS = 2_000;

export class Selection {
  id = $state<string | null>(null);
  peeking = $state(false);
  /** The session whose reply is being written in its peek: the peek may move to another group. */
  replying = $state<string | null>(null);
  /** Moves whenever the peek's reply box shall take the keyboard. */
  replyTurn = $state(0);
  /** The peek explains why its session is in its state. */
  asksWhy = $state(false);
  /** The peek shows what goes on by itself. */
  showsAutomation = $state(false);
  renaming = $state<string | null>(null);
  /** The session whose next `Ctrl+X` deletes it. */
  armed = $state<string | null>(null);
  /** Folding while the board is filtered: every match is shown at first, and nothing is remembered. */
  private readonly collapsedNow = new SvelteSet<string>();
  private readonly fitting: SessionView[] = $derived.by(() => {
    const all = this.board.shown;
    return this.filter.active ? all.filter((view) => this.filter.fits(view)) : all;
  });
  readonly groups: Group[] = $derived.by(() =>
    groupSessions(this.fitting, {
      by: this.boardLayout.by,
      unfolded: (group) => this.filter.active || this.boardLayout.unfolded.has(group),
      placed: (group) => this.boardLayout.placed(group),
      home: this.home(),
    }),
  );
  /** Every row that can be reached, in screen order. */
  readonly rows: SessionView[] = $derived.by(() =>
    this.groups.flatMap((group) => (this.isCollapsed(group.id) ? [] : group.shown)),
  );
  /** Rows the filter leaves, whether or not their group is collapsed. */
  readonly found: number = $derived(this.fitting.length);

  private lastIndex = 0;
  private lastFilter = "";
  private disarm: ReturnType<typeof setTimeout> | undefined;

  /** `held` says of a session that the keyboard may be elsewhere in it, so that it stays selected. */
  constructor(
    private readonly board: Board,
    private readonly filter: Filter,
    readonly boardLayout: BoardLayout,
    private readonly home: () => string,
    private readonly held: (id: string) => boolean,
    private readonly focusedHeader: () => string | null = () => null,
  ) {}

  /** The group whose header has the keyboard now: nothing that could be left behind when that goes away. */
  get header(): string | null {
    const id = this.focusedHeader();
    return this.groups.some((group) => group.id === id) ? id : null;
  }

  togglePeek(): void {
    if (this.view) this.peeking = !this.peeking;
  }

  /** The history of its state is part of the peek. */
  toggleWhy(): void {
    const shown = this.peeking && this.asksWhy;
    this.asksWhy = !shown;
    if (!shown) this.peeking = true;
  }

  /** Goals, loops and other automation are part of the peek. */
  toggleAutomation(): void {
    const shown = this.peeking && this.showsAutomation;
    this.showsAutomation = !shown;
    if (!shown) this.peeking = true;
  }

  get view(): SessionView | null {
    return this.id === null ? null : (this.board.sessions.get(this.id) ?? null);
  }

  select(id: string): void {
    this.id = id;
    this.lastIndex = this.rows.findIndex((row) => row.id === id);
  }

  move(by: number): void {
    const { rows } = this;
    if (rows.length === 0) return;
    const { header } = this;
    const at =
      header === null ? rows.findIndex((row) => row.id === this.id) : this.rowsAbove(header) - (by > 0 ? 1 : 0);
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
    const row = rows[Math.max(0, Math.min(rows.length - 1, next))];
    if (row) this.select(row.id);
  }

  edge(last: boolean): void {
    const row = this.rows.at(last ? -1 : 0);
    if (row) this.select(row.id);
  }

  private rowsAbove(header: string): number {
    const above = this.groups.slice(
      0,
      this.groups.findIndex((group) => group.id === header),
    );
    return above.reduce((count, group) => count + (this.isCollapsed(group.id) ? 0 : group.shown.length), 0);
  }

  /** Moves the selected row within its group by hand; false at its edge. */
  shift(by: -1 | 1): boolean {
    const group = this.groupOfSelected;
    if (!group || this.id === null) return false;
    const neighbour = group.shown[group.shown.findIndex((view) => view.id === this.id) + by];
    if (!neighbour) return false;
    this.boardLayout.place(this.whole(group), this.id, neighbour.id);
    return true;
  }

  /** Puts a row where another one of its group stands; false where that is no place for it. */
  placeAt(id: string, where: string): boolean {
    const group = this.groups.find((known) => known.shown.some((view) => view.id === id));
    if (!group || id === where || !group.all.some((view) => view.id === where)) return false;
    this.boardLayout.place(this.whole(group), id, where);
    return true;
  }

  get groupOfSelected(): Group | null {
    return this.groups.find((group) => group.shown.some((view) => view.id === this.id)) ?? null;
  }

  /** The group without the filter: places are those among all of its rows. */
  private whole(group: Group): Group {
    if (!this.filter.active) return group;
    const { boardLayout } = this;
    const all = groupSessions(this.board.shown, {
      by: boardLayout.by,
      unfolded: () => true,
      placed: (id) => boardLayout.placed(id),
      home: this.home(),
    });
    return all.find((known) => known.id === group.id) ?? group;
  }

  private forgetPlaces(): void {
    // Until the first snapshot nobody knows which sessions there are.
    if (this.board.epoch === 0) return;
    this.boardLayout.prune((id) => {
      const view = this.board.sessions.get(id);
      return view ? [groupOf(view), groupIdOf(view, "directory")] : [];
    });
  }

  /** Called when rows change: a selected row that went away hands over to its neighbour. */
  settle(): void {
    const { rows } = this;
    this.forgetPlaces();
    if (!this.peeking || this.replying !== this.id) this.replying = null;
    if (this.filter.text !== this.lastFilter) {
      this.lastFilter = this.filter.text;
      this.lastIndex = 0;
      this.collapsedNow.clear();
    }
    const at = rows.findIndex((row) => row.id === this.id);
    if (at >= 0) {
      this.lastIndex = at;
      return;
    }
    if (this.id !== null && this.board.sessions.has(this.id) && this.staysHidden(this.id)) return;
    const row = rows[Math.min(this.lastIndex, rows.length - 1)];
    this.id = row?.id ?? null;
    if (!row) this.peeking = false;
  }

  isCollapsed(id: string): boolean {
    return (this.filter.active ? this.collapsedNow : this.boardLayout.collapsed).has(id);
  }

  toggleGroup(id: string): void {
    if (!this.filter.active) this.boardLayout.toggle(id);
    else if (!this.collapsedNow.delete(id)) this.collapsedNow.add(id);
  }

  /** Shows what folded in a group, or folds it again. */
  toggleFold(id: string): void {
    const { unfolded } = this.boardLayout;
    if (!unfolded.delete(id)) unfolded.add(id);
  }

  /** The same for all groups at once. */
  toggleFolds(): void {
    const { unfolded } = this.boardLayout;
    const folded = this.groups.filter((group) => group.folded > 0);
    if (folded.length === 0) unfolded.clear();
    for (const group of folded) unfolded.add(group.id);
  }

  /** A selected row without a place on screen: in a collapsed group, or filtered out but open. */
  private staysHidden(id: string): boolean {
    return !this.filter.active || this.held(id) || this.fitting.some((view) => view.id === id);
  }

  arm(id: string): void {
    clearTimeout(this.disarm);
    this.armed = id;
    this.disarm = setTimeout(() => (this.armed = null), CONFIRM_MS);
  }

  calm(): void {
    clearTimeout(this.disarm);
    this.armed = null;
  }
}
