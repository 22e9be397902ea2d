/**
 * Everything the window holds, and the verbs that actions and controls share.
 *
 * Promise: each verb exists once; a failed one says so in a toast and changes nothing here.
 * Must not know: the DOM, Tauri.
 */
import { getContext, setContext } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import { asFault } from "../backend/api";
import type { Answer, Backend, Need, SessionView } from "../backend/api";
import { Arrangements } from "./arrangement.svelte";
import { Board } from "./board.svelte";
import { Clock } from "./clock.svelte";
import { Dispatch } from "./dispatch.svelte";
import { Filter } from "./filter.svelte";
import { Marks } from "./marks.svelte";
import { Panes } from "./panes.svelte";
import { Review } from "./review.svelte";
import { Selection } from "./selection.svelte";
import { Toasts } from "./toasts.svelte";
import { Visits } from "./visits.svelte";
import { isLive, openQuestion } from "./words";

export type Overlay = "none" | "palette" | "keys";

export class App {
  readonly board: Board;
  readonly clock = new Clock();
  readonly filter: Filter;
  readonly arrangement = new Arrangements();
  readonly selection: Selection;
  readonly marks: Marks;
  readonly panes = new Panes();
  readonly dispatch: Dispatch;
  readonly visits = new Visits();
  readonly toasts = new Toasts();
  /** What is being written to each session; it outlives panes and peeks. */
  readonly drafts = new SvelteMap<string, string>();
  /** Reviews outlive their panes: a draft and what was looked at stay. */
  private readonly reviews = new Map<string, Review>();
  overlay = $state<Overlay>("none");
  /** Moves whenever the board shall take the keyboard. */
  boardTurn = $state(0);

  constructor(readonly backend: Backend) {
    this.board = new Board(backend);
    this.dispatch = new Dispatch(backend);
    const home = () => this.dispatch.defaults.home;
    this.filter = new Filter(home);
    this.selection = new Selection(this.board, this.filter, this.arrangement, home, (id) => this.panes.isOpen(id));
    this.marks = new Marks(this.board, backend, this.toasts, (view, text) => this.say(view, text));
  }

  get firstRun(): boolean {
    const { board } = this;
    return board.connection === "connected" && !board.everUsed && board.sessions.size === 0;
  }

  /** The session of the pane that was used last. */
  get openView(): SessionView | null {
    const pane = this.panes.list.find((known) => known.key === this.panes.current);
    return pane ? (this.board.sessions.get(pane.session) ?? null) : null;
  }

  review(session: string): Review {
    let found = this.reviews.get(session);
    if (!found) {
      found = new Review(this.backend, session);
      this.reviews.set(session, found);
    }
    return found;
  }

  /** The review in the pane that was used last. */
  get openReview(): Review | null {
    const { current } = this.panes;
    const view = this.openView;
    return view && current !== null && this.panes.reviewing.has(current) ? this.review(view.id) : null;
  }

  /** Opens a session's review in its pane, or goes back to what the pane showed. */
  toggleReview(id: string): void {
    this.open(id);
    const { current } = this.panes;
    if (current !== null) this.panes.review(current, !this.panes.reviewing.has(current));
  }

  focusBoard(): void {
    this.boardTurn += 1;
  }

  focusDispatch(): void {
    this.dispatch.focusTurn += 1;
  }

  open(id: string, another = false): void {
    this.selection.select(id);
    this.selection.peeking = false;
    this.panes.open(id, another);
  }

  async start(attach: boolean): Promise<void> {
    const view = await this.dispatch.submit();
    if (!view) return;
    this.board.learn(view);
    // What was just started is never hidden.
    if (!this.filter.fits(view)) this.filter.clear();
    this.selection.select(view.id);
    if (attach) this.open(view.id);
  }

  /** One step back: overlay, pane, rename, peek, marks, filter, and at last the panes themselves. */
  back(fromPane: boolean): void {
    if (this.overlay !== "none") this.overlay = "none";
    else if (fromPane) this.focusBoard();
    else if (this.selection.renaming) this.selection.renaming = null;
    else if (this.selection.peeking) this.selection.peeking = false;
    else if (this.marks.any) this.marks.clear();
    else if (this.filter.active) this.filter.clear();
    else if (this.panes.current !== null) this.closePane(this.panes.current);
  }

  closePane(key: number): void {
    this.panes.close(key);
    this.focusBoard();
  }

  /** To the row above or below; from a header the keyboard goes along. */
  step(by: -1 | 1): void {
    const fromHeader = this.selection.header !== null;
    this.selection.move(by);
    if (fromHeader) this.focusBoard();
  }

  toggleGrouping(): void {
    this.arrangement.groupBy(this.arrangement.by === "state" ? "directory" : "state");
  }

  togglePeek(): void {
    if (this.selection.view) this.selection.peeking = !this.selection.peeking;
  }

  /** `Esc` in the filter field: the text first, then the field. */
  leaveFilter(): void {
    if (this.filter.active) this.filter.clear();
    else this.focusBoard();
  }

  async answer(view: SessionView, need: Need, answer: Answer): Promise<boolean> {
    return this.try(async () => {
      this.board.learn(await this.backend.answer(view.id, need.id, answer));
    });
  }

  /** What a person wrote to a session: the answer to its question if that takes words, else a reply. */
  async tell(view: SessionView, text: string): Promise<boolean> {
    return this.try(() => this.say(view, text));
  }

  async interrupt(id: string): Promise<boolean> {
    return this.try(() => this.backend.interrupt(id));
  }

  async togglePin(view: SessionView): Promise<boolean> {
    return this.try(() => this.backend.pin(view.id, !view.pinned));
  }

  /** Whether it goes on by itself after its usage limit: the other way round from now. */
  async toggleContinue(view: SessionView): Promise<boolean> {
    const { backend } = this;
    const turn = view.continueAt === null ? backend.continueAtReset(view.id) : backend.cancelContinue(view.id);
    return this.try(async () => this.board.learn(await turn));
  }

  async rename(view: SessionView, name: string): Promise<boolean> {
    const wanted = name.trim();
    if (wanted === "" || wanted === view.name) return true;
    return this.try(() => this.backend.rename(view.id, wanted));
  }

  /** All marked rows, else the selected one. */
  async stopOrDeleteChosen(): Promise<void> {
    if (this.marks.any) await this.marks.stopOrDelete();
    else if (this.selection.view) await this.stopOrDelete(this.selection.view);
  }

  /** First press: stop what runs and arm. Second press within two seconds: delete. */
  async stopOrDelete(view: SessionView): Promise<void> {
    if (this.selection.armed === view.id) {
      this.selection.calm();
      const gone = await this.try(() => this.backend.remove(view.id));
      if (gone) this.panes.closeSession(view.id);
      return;
    }
    this.selection.arm(view.id);
    if (isLive(view)) await this.try(() => this.backend.stop(view.id));
  }

  private async say(view: SessionView, text: string): Promise<void> {
    const need = openQuestion(view);
    const { backend } = this;
    const told = need ? backend.answer(view.id, need.id, { type: "text", text }) : backend.reply(view.id, text);
    this.board.learn(await told);
  }

  private async try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      this.toasts.show(asFault(thrown));
      return false;
    }
  }
}

const KEY = Symbol("app");

export const provideApp = (app: App): App => setContext(KEY, app);
export const useApp = (): App => getContext<App>(KEY);
