/**
 * Sessions that were deleted a moment ago and can still be taken back.
 *
 * Promise: a deleted row is gone at once, the session itself only when the moment is over; a window
 * that goes away ends the moment. Must not know: the DOM, rows, how a removal is done.
 */
import { SvelteMap } from "svelte/reactivity";
import { asFault } from "../backend/api";
import type { Backend, Fault, WorktreeDisposal } from "../backend/api";
import type { Toasts } from "./toasts.svelte";

/** Long enough to read what was deleted and to reach for the button. */
export const UNDO_MS = 6_000;

/** What one press deleted, and takes back together. */
export type PendingRemoval = {
  key: number;
  ids: string[];
  name: string;
  disposals: ReadonlyMap<string, WorktreeDisposal>;
};

export class PendingRemovals {
  /** The newest last. */
  list = $state.raw<PendingRemoval[]>([]);
  /** Which removal hides a session. */
  private readonly hidden = new SvelteMap<string, number>();
  private readonly timers = new Map<number, ReturnType<typeof setTimeout>>();
  private nextKey = 1;

  constructor(
    private readonly backend: Backend,
    private readonly toasts: Toasts,
  ) {}

  /** A row that is hidden, although its session is still there. */
  hides(id: string): boolean {
    return this.hidden.size > 0 && this.hidden.has(id);
  }

  /** `disposals`: what becomes of the worktrees that were asked about; the others go if nothing would be lost. */
  begin(ids: string[], name: string, disposals: ReadonlyMap<string, WorktreeDisposal> = new Map()): void {
    const fresh = ids.filter((id) => !this.hidden.has(id));
    if (fresh.length === 0) return;
    const removal = { key: this.nextKey++, ids: fresh, name, disposals };
    for (const id of fresh) this.hidden.set(id, removal.key);
    this.list = [...this.list, removal];
    this.timers.set(
      removal.key,
      setTimeout(() => void this.finish(removal.key), UNDO_MS),
    );
  }

  undo(key: number): void {
    const removal = this.take(key);
    for (const id of removal?.ids ?? []) this.hidden.delete(id);
  }

  undoLast(): void {
    const last = this.list.at(-1);
    if (last) this.undo(last.key);
  }

  /** Deletes now. A row whose session could not be deleted comes back. */
  async finish(key: number): Promise<void> {
    const removal = this.take(key);
    if (!removal) return;
    const ends = await Promise.allSettled(
      removal.ids.map((id) => this.backend.remove(id, removal.disposals.get(id) ?? "if_clean")),
    );
    const refused = ends.flatMap((end) => (end.status === "rejected" ? [asFault(end.reason)] : []));
    for (const id of removal.ids) this.hidden.delete(id);
    const first = refused[0];
    if (first) this.toasts.show(summed(first, refused.length, removal.ids.length));
  }

  finishAll(): void {
    for (const { key } of this.list) void this.finish(key);
  }

  private take(key: number): PendingRemoval | null {
    const removal = this.list.find((known) => known.key === key) ?? null;
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    this.list = this.list.filter((known) => known !== removal);
    return removal;
  }
}

function summed(first: Fault, failed: number, of: number): Fault {
  return of === 1 ? first : { ...first, message: `Could not delete ${failed} of ${of} sessions: ${first.message}` };
}
