/**
 * Which row is selected, what is folded, and what a row is in the middle of.
 *
 * Promise: the selection follows its session between groups and never points at nothing while
 * there is a row. Must not know: the DOM, the backend.
 */
import { SvelteSet } from "svelte/reactivity";
import type { SessionView } from "../backend/api";
import type { Board } from "./board.svelte";
import { groupSessions, type Group, type GroupId } from "./groups";
import { isStrings, recall, remember } from "./storage";

/** How long the second press may take that deletes. */
export const CONFIRM_MS = 2_000;

export class Selection {
  id = $state<string | null>(null);
  peeking = $state(false);
  /** The session whose reply is being written in its peek: the peek may move to another group. */
  replying = $state<string | null>(null);
  renaming = $state<string | null>(null);
  /** The session whose next `Ctrl+X` deletes it. */
  armed = $state<string | null>(null);
  unfolded = $state(false);
  readonly collapsed = new SvelteSet<string>(recall("collapsed", [], isStrings));
  readonly groups: Group[] = $derived.by(() =>
    groupSessions(this.board.sessions.values(), this.unfolded),
  );
  /** Every row that can be reached, in screen order. */
  readonly rows: SessionView[] = $derived.by(() =>
    this.groups.flatMap((group) => (this.collapsed.has(group.id) ? [] : group.shown)),
  );

  private lastIndex = 0;
  private disarm: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly board: Board) {}

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
    const at = rows.findIndex((row) => row.id === this.id);
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
    const row = rows[Math.max(0, Math.min(rows.length - 1, next))];
    if (row) this.select(row.id);
  }

  edge(last: boolean): void {
    const row = this.rows.at(last ? -1 : 0);
    if (row) this.select(row.id);
  }

  /** Called when rows change: a selected row that went away hands over to its neighbour. */
  settle(): void {
    const { rows } = this;
    if (!this.peeking || this.replying !== this.id) this.replying = null;
    const at = rows.findIndex((row) => row.id === this.id);
    if (at >= 0) {
      this.lastIndex = at;
      return;
    }
    if (this.id !== null && this.board.sessions.has(this.id)) return;
    const row = rows[Math.min(this.lastIndex, rows.length - 1)];
    this.id = row?.id ?? null;
    if (!row) this.peeking = false;
  }

  toggleGroup(id: GroupId): void {
    if (!this.collapsed.delete(id)) this.collapsed.add(id);
    remember("collapsed", [...this.collapsed]);
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
