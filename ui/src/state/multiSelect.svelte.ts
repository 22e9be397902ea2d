/**
 * Rows selected for one verb at once, and those verbs.
 *
 * Promise: the verbs are those of one row, with the same second press before anything is deleted;
 * what failed stays selected, and one message counts it. Must not know: the DOM, groups.
 */
import { SvelteSet } from "svelte/reactivity";
import { asFault } from "../backend/api";
import type { Backend, Fault, SessionView } from "../backend/api";
import type { Board } from "./board.svelte";
import { CONFIRM_MS } from "./selection.svelte";
import type { Toasts } from "./toasts.svelte";
import { isLive } from "./processStatus";

/** Requests under way at once: the supervisor ends processes one by one anyway. */
const AT_ONCE = 8;

export class MultiSelect {
  readonly ids = new SvelteSet<string>();
  /** The next `Ctrl+X` deletes them. */
  armed = $state(false);
  replying = $state(false);
  draft = $state("");
  busy = $state(false);
  readonly views: SessionView[] = $derived.by(() => [...this.ids].flatMap((id) => this.board.sessions.get(id) ?? []));
  readonly live: SessionView[] = $derived(this.views.filter(isLive));
  /** Shell jobs take no replies. */
  readonly agents: SessionView[] = $derived(this.views.filter((view) => view.kind === "agent"));

  private anchor: string | null = null;
  private disarm: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly board: Board,
    private readonly backend: Backend,
    private readonly toasts: Toasts,
    private readonly say: (view: SessionView, text: string) => Promise<void>,
    private readonly remove: (views: readonly SessionView[]) => void,
  ) {}

  get any(): boolean {
    return this.ids.size > 0;
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  toggle(id: string): void {
    this.calm();
    this.anchor = id;
    if (!this.ids.delete(id)) this.ids.add(id);
    if (!this.any) this.clear();
  }

  /** From the row selected last, or from `start`, to `id`, both included. */
  through(id: string, start: string | null, rows: readonly SessionView[]): void {
    this.calm();
    const at = (wanted: string | null) => rows.findIndex((row) => row.id === wanted);
    const first = at(this.anchor) >= 0 ? at(this.anchor) : at(start);
    const [from, to] = [first < 0 ? at(id) : first, at(id)];
    for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) this.ids.add(row.id);
    this.anchor ??= rows[from]?.id ?? null;
  }

  all(rows: readonly SessionView[]): void {
    this.calm();
    for (const row of rows) this.ids.add(row.id);
  }

  clear(): void {
    this.calm();
    this.ids.clear();
    this.anchor = null;
    this.replying = false;
  }

  /** Called when sessions change: who is gone is not selected. */
  settle(): void {
    for (const id of [...this.ids]) if (!this.board.sessions.has(id)) this.ids.delete(id);
    if (!this.any) this.clear();
  }

  /** First press: stop what runs and arm. Second press within two seconds: delete. */
  async stopOrDelete(): Promise<void> {
    if (this.armed) {
      this.calm();
      this.remove(this.views);
      this.clear();
      return;
    }
    this.armed = true;
    this.disarm = setTimeout(() => this.calm(), CONFIRM_MS);
    await this.each(this.live, "stop", (view) => this.backend.stop(view.id));
  }

  /** The text stays, with those selected that did not get it. */
  async reply(): Promise<boolean> {
    const text = this.draft.trim();
    if (text === "" || this.busy) return false;
    this.busy = true;
    const failed = await this.each(this.agents, "reply to", (view) => this.say(view, text));
    this.busy = false;
    if (failed.length > 0) {
      this.ids.clear();
      for (const view of failed) this.ids.add(view.id);
      return false;
    }
    this.draft = "";
    this.replying = false;
    return true;
  }

  private calm(): void {
    clearTimeout(this.disarm);
    this.armed = false;
  }

  private async each(
    views: readonly SessionView[],
    verb: string,
    work: (view: SessionView) => Promise<unknown>,
  ): Promise<SessionView[]> {
    const failed: SessionView[] = [];
    let first: Fault | null = null;
    for (let from = 0; from < views.length; from += AT_ONCE) {
      const some = views.slice(from, from + AT_ONCE);
      const ends = await Promise.allSettled(some.map(work));
      ends.forEach((end, at) => {
        const view = some[at];
        if (end.status === "fulfilled" || !view) return;
        failed.push(view);
        first ??= asFault(end.reason);
      });
    }
    if (first) this.report(first, failed.length, views.length, verb);
    return failed;
  }

  private report(first: Fault, failed: number, of: number, verb: string): void {
    const message = of === 1 ? first.message : `Could not ${verb} ${failed} of ${of} sessions: ${first.message}`;
    this.toasts.show({ ...first, message });
  }
}
