/**
 * Where the user is: board, panes, dialogs, and the ways between them.
 *
 * Promise: what is opened is selected too; what goes away gives the keyboard to what comes in front, else to the board.
 * Must not know: the DOM, what a session is asked to do.
 */
import { asFault, fault } from "../backend/api";
import type { Backend, SessionView } from "../backend/api";
import type { Filter } from "./filter.svelte";
import type { MultiSelect } from "./multiSelect.svelte";
import type { Pane, Panes, Where } from "./panes.svelte";
import type { Replies } from "./replies.svelte";
import type { Routines } from "./routines.svelte";
import type { Selection } from "./selection.svelte";
import type { Toasts } from "./toasts.svelte";

export type Overlay =
  "none" | "palette" | "keys" | "settings" | "receipts" | "worktrees" | "routines" | "confirm-removal";

/** What is gone through. */
type Places = {
  selection: Selection;
  panes: Panes;
  filter: Filter;
  multiSelect: MultiSelect;
  replies: Replies;
  routines: Routines;
};

export class Navigation {
  overlay = $state<Overlay>("none");
  /** Moves whenever the board shall take the keyboard. */
  boardTurn = $state(0);

  constructor(
    private readonly backend: Backend,
    private readonly toasts: Toasts,
    private readonly places: Places,
    /** This window holds one session and no board. */
    readonly solo: boolean,
  ) {}

  close(): void {
    this.overlay = "none";
  }

  toggle(overlay: Overlay): void {
    this.overlay = this.overlay === overlay ? "none" : overlay;
  }

  /** In a narrow window the board comes over the panes. */
  focusBoard(): void {
    this.places.panes.showBoard();
    this.boardTurn += 1;
  }

  /** Selects a session wherever it is hidden, and gives the board the keyboard. */
  goTo(view: SessionView): void {
    const { filter, selection } = this.places;
    if (!filter.fits(view)) filter.clear();
    selection.select(view.id);
    this.focusBoard();
  }

  open(id: string, where: Where = "usual"): void {
    const { selection, panes } = this.places;
    selection.select(id);
    selection.peeking = false;
    panes.open(id, where);
  }

  /** Opens what was asked for at this moment and comes only now; the keyboard stays where the user went meanwhile. */
  openLate(id: string, asked: number): void {
    const { panes } = this.places;
    if (asked === panes.moment) this.open(id);
    else panes.open(id, "usual", asked);
  }

  /** Opens what a notification, the tray or the quick window asked for. */
  async openAsked(): Promise<void> {
    const { moment } = this.places.panes;
    const asked = await this.backend.takeOpening();
    if (asked === null) return;
    if (asked.type === "routines") this.openRoutines(asked.name);
    else if (asked.type === "schedule") await this.scheduleAsked(asked.text, asked.cwd);
    else if (asked.id !== "") {
      this.places.replies.takeOver(asked.id);
      this.openLate(asked.id, moment);
    }
  }

  /** From the quick window, which has let go of the text. */
  private async scheduleAsked(text: string, cwd: string): Promise<void> {
    if (await this.schedule(text, cwd)) return;
    this.toasts.show(fault("refused", "Another routine is being written", `Save it first, then: /schedule ${text}`));
  }

  /** The page of all routines, or of this one. What is being written there stays. */
  openRoutines(name: string | null = null): void {
    const { routines } = this.places;
    if (name !== null && !routines.editor?.dirty) routines.open(name);
    this.overlay = "routines";
  }

  /** A new routine from what was typed behind `/schedule`; false while another one is being written. */
  async schedule(text: string, cwd: string): Promise<boolean> {
    const { editor } = this.places.routines;
    const writing = editor?.dirty === true;
    if (writing) editor.leaving = true;
    else await this.places.routines.beginFrom(text, cwd);
    this.overlay = "routines";
    return !writing;
  }

  /** Opens a session's review in its pane, or goes back to what the pane showed. */
  toggleReview(id: string): void {
    this.open(id);
    const { panes } = this.places;
    if (panes.current !== null) panes.review(panes.current, !panes.reviewing.has(panes.current));
  }

  /** The pane's session moves to a window of its own. */
  async popOut(pane: Pane): Promise<void> {
    this.places.replies.handOver(pane.session);
    await this.try(async () => {
      await this.backend.popOut(pane.session);
      this.closePane(pane.key);
    });
  }

  /** From a window of its own back into the board's. */
  async putBack(pane: Pane): Promise<void> {
    this.places.replies.handOver(pane.session);
    await this.try(() => this.backend.putBack(pane.session));
  }

  /** What comes in front takes the keyboard, else the board. */
  closePane(key: number): void {
    const { panes } = this.places;
    const { column } = panes;
    panes.close(key);
    const left = panes.columns.find((known) => known.key === column?.key);
    if (this.solo) void this.closeWindow();
    else if (left && panes.current !== null) panes.focus(panes.current);
    else this.focusBoard();
  }

  /** Of a window of one session: it goes away, its session stays. */
  async closeWindow(): Promise<void> {
    await this.try(() => this.backend.closeWindow());
  }

  /** One step back: overlay, pane, rename, peek, selected rows, filter, and at last the panes themselves. */
  back(fromPane: boolean): void {
    const { selection, multiSelect, filter, panes } = this.places;
    if (this.overlay === "routines" && this.places.routines.back()) return;
    if (this.overlay !== "none") this.close();
    else if (this.solo) return;
    else if (fromPane) this.focusBoard();
    else if (selection.renaming) selection.renaming = null;
    else if (selection.peeking) selection.peeking = false;
    else if (multiSelect.any) multiSelect.clear();
    else if (filter.active) filter.clear();
    else if (panes.current !== null) panes.close(panes.current);
  }

  /** `Esc` in the filter field: the text first, then the field. */
  leaveFilter(): void {
    const { filter } = this.places;
    if (filter.active) filter.clear();
    else this.focusBoard();
  }

  /** To the row above or below; from a header the keyboard goes along. */
  step(by: -1 | 1): void {
    this.move((selection) => selection.move(by));
  }

  /** To the first or the last row; from a header the keyboard goes along. */
  toEdge(last: boolean): void {
    this.move((selection) => selection.edge(last));
  }

  private move(by: (selection: Selection) => void): void {
    const { selection } = this.places;
    const fromHeader = selection.header !== null;
    by(selection);
    if (fromHeader) this.focusBoard();
  }

  /** From the row into its peek: the reply box takes the keyboard, with the likely reply in it. */
  replyInPeek(view: SessionView): void {
    const { selection, replies } = this.places;
    replies.to(view.id).suggest(view);
    selection.peeking = true;
    selection.replying = view.id;
    selection.replyTurn += 1;
  }

  /** Sessions whose content is on the screen. */
  get onScreen(): string[] {
    const { selection, panes } = this.places;
    const peeked = selection.peeking ? selection.view : null;
    const shown = [...panes.shown.map((pane) => pane.session), ...(peeked ? [peeked.id] : [])];
    return [...new Set(shown)];
  }

  private async try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.toasts.show(asFault(thrown));
    }
  }
}
