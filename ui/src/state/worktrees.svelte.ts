/**
 * The view of all worktrees: the list at once, sizes and states as they come.
 *
 * Promise: nothing is removed before what would be lost was shown; a removal can be taken back; one
 * worktree that cannot be measured holds up no other. Must not know: the DOM, sessions' rows.
 */
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { asFault } from "../backend/api";
import type {
  Backend,
  Fault,
  RemovedWorktree,
  WhichWorktree,
  WorktreeFate,
  WorktreeList,
  WorktreeMeasure,
  WorktreeState,
  WorktreeView,
} from "../backend/api";

/** Measured at once: each reads a whole directory tree, and the disk has other work. */
const AT_ONCE = 2;

/** The worktrees of one main checkout. */
export type Checkout = { root: string; trees: WorktreeView[] };

/** A removal that waits for a word, with what would be lost. */
export type Asked = { path: string; state: WorktreeState };

export type Message = { text: string; undo: string | null };

export const keyOf = (which: WhichWorktree): string => (which.type === "made" ? which.path : `removed ${which.id}`);

export class Worktrees {
  list = $state.raw<WorktreeList | null>(null);
  fault = $state.raw<Fault | null>(null);
  readonly measures = new SvelteMap<string, WorktreeMeasure | "unknown">();
  readonly busy = new SvelteSet<string>();
  asked = $state.raw<Asked | null>(null);
  message = $state.raw<Message | null>(null);
  readonly checkouts: Checkout[] = $derived(byCheckout(this.list?.worktrees ?? []));
  readonly orphans: WorktreeView[] = $derived((this.list?.worktrees ?? []).filter((tree) => tree.orphan));
  /** Forgotten ones in which nothing would be lost, as far as they were measured. */
  readonly cleanable: WorktreeView[] = $derived(this.orphans.filter((tree) => this.isClean(tree)));
  /** All that was measured so far. */
  readonly bytes: number = $derived(
    [...this.measures.values()].reduce((sum, one) => sum + (one === "unknown" ? 0 : (one.bytes ?? 0)), 0),
  );
  readonly measuring: boolean = $derived(this.measures.size < this.count);

  private turn = 0;

  constructor(private readonly backend: Backend) {}

  get count(): number {
    return (this.list?.worktrees.length ?? 0) + (this.list?.removed.length ?? 0);
  }

  measure(which: WhichWorktree): WorktreeMeasure | "unknown" | null {
    return this.measures.get(keyOf(which)) ?? null;
  }

  isClean(tree: WorktreeView): boolean {
    const found = this.measures.get(tree.path);
    return found !== undefined && found !== "unknown" && found.keeps.length === 0;
  }

  /** Reads the list anew, then measures what it names. A later call ends the earlier one's measuring. */
  async refresh(): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    try {
      const list = await this.backend.worktrees();
      if (turn !== this.turn) return;
      this.list = list;
      this.fault = null;
    } catch (thrown) {
      if (turn === this.turn) this.fault = asFault(thrown);
      return;
    }
    const all = this.entries();
    const known = new Set(all.map(keyOf));
    for (const key of [...this.measures.keys()]) if (!known.has(key)) this.measures.delete(key);
    await this.measureAll(all, turn);
  }

  /** Nobody looks any more. */
  leave(): void {
    this.turn += 1;
    this.asked = null;
    this.message = null;
  }

  /** Removes it if nothing would be lost, else shows what would be. */
  async ask(tree: WorktreeView): Promise<void> {
    const { session } = tree;
    if (session === null) return;
    await this.work(tree.path, async () => {
      const state = await this.backend.inspectWorktree(session);
      if (state.keeps.length > 0) this.asked = { path: tree.path, state };
      else this.report(await this.backend.removeWorktree(session, false));
    });
  }

  /** With the work in it that is nowhere else: it can be brought back. */
  async discard(tree: WorktreeView): Promise<void> {
    const { session } = tree;
    if (session === null) return;
    this.asked = null;
    await this.work(tree.path, async () => this.report(await this.backend.removeWorktree(session, true)));
  }

  async undo(id: string): Promise<void> {
    await this.work(keyOf({ type: "removed", id }), async () => {
      const path = await this.backend.undoRemove(id);
      this.message = { text: `${path} was restored`, undo: null };
    });
  }

  async clean(): Promise<void> {
    await this.work("clean", async () => {
      const { orphans, expired, problems } = await this.backend.cleanWorktrees();
      const gone = orphans.filter((fate) => fate.kept.length === 0).length;
      const parts = [gone === 1 ? "1 worktree was removed" : `${gone} worktrees were removed`];
      if (orphans.length > gone) parts.push(`${orphans.length - gone} kept because they contain unsaved work`);
      if (expired.length > 0) parts.push(`${expired.length} deleted for good after 30 days`);
      this.message = { text: [...parts, ...problems].join("; "), undo: null };
    });
  }

  private entries(): WhichWorktree[] {
    const made = (this.list?.worktrees ?? []).map((tree): WhichWorktree => ({ type: "made", path: tree.path }));
    const removed = (this.list?.removed ?? []).map((one): WhichWorktree => ({ type: "removed", id: one.id }));
    return [...made, ...removed];
  }

  private async measureAll(all: WhichWorktree[], turn: number): Promise<void> {
    const left = [...all];
    const one = async (): Promise<void> => {
      for (let which = left.shift(); which && turn === this.turn; which = left.shift()) {
        const found = await this.backend.measureWorktree(which).catch(() => "unknown" as const);
        if (turn === this.turn) this.measures.set(keyOf(which), found);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  private report(fate: WorktreeFate | null): void {
    if (!fate) return;
    const kept = fate.kept.map((one) => one.text).join("; ");
    if (kept !== "") this.message = { text: `${fate.path} was kept: ${kept}`, undo: null };
    else if (fate.undo !== null) this.message = { text: `${fate.path} was removed`, undo: fate.undo };
    // Nothing was left of it: the notes say what was found and what is kept.
    else this.message = { text: [`${fate.path} was removed from the list`, ...fate.notes].join(": "), undo: null };
  }

  private async work(key: string, does: () => Promise<void>): Promise<void> {
    if (this.busy.has(key)) return;
    this.busy.add(key);
    this.message = null;
    try {
      await does();
      this.measures.delete(key);
    } catch (thrown) {
      this.fault = asFault(thrown);
      return;
    } finally {
      this.busy.delete(key);
    }
    await this.refresh();
  }
}

function byCheckout(trees: readonly WorktreeView[]): Checkout[] {
  const found = new Map<string, WorktreeView[]>();
  for (const tree of trees) {
    const known = found.get(tree.mainCheckout);
    if (known) known.push(tree);
    else found.set(tree.mainCheckout, [tree]);
  }
  return [...found].map(([root, list]) => ({ root, trees: list }));
}

/** Days left in which it can be brought back, the last one begun. */
export function daysLeft(removed: RemovedWorktree, nowMs: number): number {
  return Math.max(1, Math.ceil((removed.until - nowMs) / 86_400_000));
}
