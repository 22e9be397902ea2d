/**
 * Everything the window holds, and the verbs that actions and controls share.
 *
 * Promise: each verb exists once; a failed one says so in a toast and changes nothing here.
 * Must not know: the DOM, Tauri.
 */
import { getContext, setContext } from "svelte";
import { asFault, fault } from "../backend/api";
import type { Answer, Backend, WorktreeDisposal, Need, SessionView, Surface } from "../backend/api";
import { Answering, type Asked } from "./answering.svelte";
import { BoardLayout } from "./boardLayout.svelte";
import { Board } from "./board.svelte";
import { commandsOf, type CommandWord } from "./commands.svelte";
import { Completions } from "./completions.svelte";
import { Clock } from "./clock.svelte";
import { Dispatch } from "./dispatch.svelte";
import { focusedHeader } from "../kit/focusOwner";
import { Filter } from "./filter.svelte";
import { ConfirmRemoval } from "./confirmRemoval.svelte";
import { Appearance, type Theme } from "./appearance.svelte";
import { MultiSelect } from "./multiSelect.svelte";
import { Panes, type Pane, type Where } from "./panes.svelte";
import { PendingRemovals } from "./pendingRemovals.svelte";
import { Replies } from "./replies.svelte";
import { Review } from "./review.svelte";
import { Selection } from "./selection.svelte";
import { Settings } from "./settings.svelte";
import { AgentOptions } from "./agentOptions.svelte";
import { Toasts } from "./toasts.svelte";
import { LastRead } from "./lastRead";
import { isLive } from "./processStatus";
import { displayName, openQuestion } from "./session";
import { Worktrees } from "./worktrees.svelte";

export type Overlay = "none" | "palette" | "keys" | "settings" | "receipts" | "worktrees" | "confirm-removal";

export class App {
  readonly settings: Settings;
  readonly appearance: Appearance;
  readonly board: Board;
  readonly clock = new Clock();
  readonly filter: Filter;
  readonly boardLayout = new BoardLayout();
  readonly selection: Selection;
  readonly multiSelect: MultiSelect;
  readonly panes = new Panes();
  readonly dispatch: Dispatch;
  readonly completions: Completions;
  readonly agentOptions = new AgentOptions();
  readonly lastRead = new LastRead();
  readonly toasts = new Toasts();
  readonly answering = new Answering(
    (session, need) => this.asked(session, need),
    ({ view, need }, answer, shownMs) => this.answer(view, need, answer, shownMs),
  );
  readonly pendingRemovals: PendingRemovals;
  readonly worktrees: Worktrees;
  readonly confirmRemoval: ConfirmRemoval;
  readonly replies: Replies;
  /** Reviews outlive their panes: a draft and what was looked at stay. */
  private readonly reviews = new Map<string, Review>();
  overlay = $state<Overlay>("none");
  /** Moves whenever the board shall take the keyboard. */
  boardTurn = $state(0);

  constructor(
    readonly backend: Backend,
    theme: Theme | null = null,
    /** This window holds one session and no board. */
    readonly solo = false,
  ) {
    this.settings = new Settings(backend);
    this.appearance = new Appearance(this.settings, theme);
    this.pendingRemovals = new PendingRemovals(backend, this.toasts);
    this.board = new Board(backend, (id) => this.pendingRemovals.hides(id));
    this.dispatch = new Dispatch(backend, this.agentOptions, this.settings);
    this.replies = new Replies(backend, (view, text, files) => this.tell(view, text, files));
    this.worktrees = new Worktrees(backend);
    this.confirmRemoval = new ConfirmRemoval(backend, (views, disposals) => this.hide(views, disposals));
    this.completions = new Completions(
      this.dispatch,
      this.board,
      (view) => this.goTo(view),
      () => this.commandWords,
    );
    const home = () => this.dispatch.defaults.home;
    this.filter = new Filter(home);
    this.selection = new Selection(
      this.board,
      this.filter,
      this.boardLayout,
      home,
      (id) => this.panes.isOpen(id),
      focusedHeader,
    );
    this.multiSelect = new MultiSelect(
      this.board,
      backend,
      this.toasts,
      (view, text) => this.say(view, text),
      (views) => this.remove(views),
    );
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

  /** Sessions whose content is on the screen. */
  get onScreen(): string[] {
    const peeked = this.selection.peeking ? this.selection.view : null;
    const shown = [...this.panes.shown.map((pane) => pane.session), ...(peeked ? [peeked.id] : [])];
    return [...new Set(shown)];
  }

  /** Opens what a notification or the tray asked for. */
  async openAsked(): Promise<void> {
    const asked = await this.backend.takeOpening();
    if (asked === null || asked === "") return;
    this.replies.takeOver(asked);
    this.open(asked);
  }

  /** In a narrow window the board comes over the panes. */
  focusBoard(): void {
    this.panes.covered = true;
    this.boardTurn += 1;
  }

  /** Commands that may begin a prompt of the next session. */
  get commandWords(): CommandWord[] {
    return commandsOf(this.agentOptions.of(this.dispatch.agent?.id ?? null).commands);
  }

  /** Selects a session wherever it is hidden, and gives the board the keyboard. */
  goTo(view: SessionView): void {
    if (!this.filter.fits(view)) this.filter.clear();
    this.selection.select(view.id);
    this.focusBoard();
  }

  focusDispatch(): void {
    this.dispatch.focusTurn += 1;
  }

  open(id: string, where: Where = "usual"): void {
    this.selection.select(id);
    this.selection.peeking = false;
    this.panes.open(id, where);
  }

  /** The pane's session goes on in a window of its own. */
  async popOut(pane: Pane): Promise<boolean> {
    this.replies.handOver(pane.session);
    return this.try(async () => {
      await this.backend.popOut(pane.session);
      this.closePane(pane.key);
    });
  }

  /** From a window of its own back into the board's. */
  async putBack(pane: Pane): Promise<boolean> {
    this.replies.handOver(pane.session);
    return this.try(() => this.backend.putBack(pane.session));
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

  /** A shell job of the user's home in a pane of its own: to install an agent, to sign it in. */
  async runInTerminal(command: string): Promise<void> {
    const request = {
      kind: "shell",
      text: command,
      agent: null,
      model: null,
      permissionMode: null,
      name: null,
      cwd: this.dispatch.defaults.home,
    } as const;
    await this.try(async () => {
      const view = await this.backend.dispatch({ ...request, enclosures: [] });
      this.board.learn(view);
      this.overlay = "none";
      this.open(view.id);
    });
  }

  /** One step back: overlay, pane, rename, peek, selected rows, filter, and at last the panes themselves. */
  back(fromPane: boolean): void {
    if (this.overlay !== "none") this.overlay = "none";
    else if (this.solo) return;
    else if (fromPane) this.focusBoard();
    else if (this.selection.renaming) this.selection.renaming = null;
    else if (this.selection.peeking) this.selection.peeking = false;
    else if (this.multiSelect.any) this.multiSelect.clear();
    else if (this.filter.active) this.filter.clear();
    else if (this.panes.current !== null) this.panes.close(this.panes.current);
  }

  /** What comes in front takes the keyboard, else the board. */
  closePane(key: number): void {
    const { column } = this.panes;
    this.panes.close(key);
    const left = this.panes.columns.find((known) => known.key === column?.key);
    if (this.solo) void this.try(() => this.backend.closeWindow());
    else if (left && this.panes.current !== null) this.panes.focus(this.panes.current);
    else this.focusBoard();
  }

  /** To the row above or below; from a header the keyboard goes along. */
  step(by: -1 | 1): void {
    const fromHeader = this.selection.header !== null;
    this.selection.move(by);
    if (fromHeader) this.focusBoard();
  }

  /** To the first or the last row; from a header the keyboard goes along. */
  toEdge(last: boolean): void {
    const fromHeader = this.selection.header !== null;
    this.selection.edge(last);
    if (fromHeader) this.focusBoard();
  }

  toggleGrouping(): void {
    this.boardLayout.groupBy(this.boardLayout.by === "state" ? "directory" : "state");
  }

  togglePeek(): void {
    if (this.selection.view) this.selection.peeking = !this.selection.peeking;
  }

  /** The evidence is part of the peek. */
  toggleWhy(): void {
    const shown = this.selection.peeking && this.selection.asksWhy;
    this.selection.asksWhy = !shown;
    if (!shown) this.selection.peeking = true;
  }

  /** What goes on by itself is part of the peek. */
  toggleAutomation(): void {
    const shown = this.selection.peeking && this.selection.showsAutomation;
    this.selection.showsAutomation = !shown;
    if (!shown) this.selection.peeking = true;
  }

  /** `Esc` in the filter field: the text first, then the field. */
  leaveFilter(): void {
    if (this.filter.active) this.filter.clear();
    else this.focusBoard();
  }

  async answer(view: SessionView, need: Need, answer: Answer, shownMs: number): Promise<boolean> {
    return this.try(async () => {
      this.board.learn(await this.backend.answer(view.id, need.id, answer, shownMs));
    });
  }

  /** The request as it is now, while it is open. */
  private asked(session: string, id: string): Asked | null {
    const view = this.board.sessions.get(session);
    const need = view?.state.type === "needs_input" ? view.state.needs.find((known) => known.id === id) : undefined;
    return view && need ? { view, need } : null;
  }

  /** What a person wrote to a session: the answer to its question if that takes words, else a reply. */
  async tell(view: SessionView, text: string, files: readonly string[] = []): Promise<boolean> {
    return this.try(() => this.say(view, text, files));
  }

  async interrupt(id: string): Promise<boolean> {
    return this.try(() => this.backend.interrupt(id));
  }

  /** Where else the session's conversation can go on: its agent has to be installed for that. */
  otherSurface(view: SessionView): Surface | null {
    const { agents } = this.dispatch;
    const { counterpart } = agents.find((agent) => agent.id === view.agent) ?? {};
    const other = agents.find((agent) => agent.id === counterpart);
    return other?.installed && view.agentSessionId !== null ? other.surface : null;
  }

  async switchSurface(view: SessionView): Promise<boolean> {
    const surface = this.otherSurface(view);
    if (surface === null) return false;
    return this.try(async () => this.board.learn(await this.backend.openAs(view.id, surface)));
  }

  /** One of the options of the session's agent: its mode, its model. */
  async choose(view: SessionView, option: string, value: string): Promise<boolean> {
    return this.try(async () => this.board.learn(await this.backend.choose(view.id, option, value)));
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

  /** All checked rows, else the one at hand. */
  async stopOrDeleteChosen(): Promise<void> {
    if (this.multiSelect.any) await this.multiSelect.stopOrDelete();
    else if (this.selection.view) await this.stopOrDelete(this.selection.view);
  }

  /** First press: stop what runs and arm. Second press within two seconds: delete. */
  async stopOrDelete(view: SessionView): Promise<void> {
    if (this.selection.armed === view.id) {
      this.selection.calm();
      this.remove([view]);
      return;
    }
    this.selection.arm(view.id);
    if (isLive(view)) await this.try(() => this.backend.stop(view.id));
  }

  /** What would be lost with their worktrees is listed first. */
  remove(views: readonly SessionView[]): void {
    void this.confirmRemoval.begin(views).then((asks) => {
      if (asks) this.overlay = "confirm-removal";
    });
  }

  /** Off the board at once; the sessions themselves go when the moment to undo is over. */
  private hide(views: readonly SessionView[], disposals: ReadonlyMap<string, WorktreeDisposal>): void {
    const [only] = views;
    if (!only) return;
    this.pendingRemovals.begin(
      views.map((view) => view.id),
      views.length === 1 ? displayName(only) : `${views.length} sessions`,
      disposals,
    );
    for (const view of views) this.panes.closeSession(view.id);
  }

  /** From the row into its peek: the reply box takes the keyboard, with the likely reply in it. */
  replyInPeek(view: SessionView): void {
    this.replies.to(view.id).suggest(view);
    this.selection.peeking = true;
    this.selection.replying = view.id;
    this.selection.replyTurn += 1;
  }

  private async say(view: SessionView, text: string, files: readonly string[] = []): Promise<void> {
    const need = openQuestion(view);
    if (need && files.length > 0)
      throw fault("refused", "Files cannot answer a question", "Answer it first, then send them");
    const { backend } = this;
    // A question that no card shows is answered by the supervisor's rule: the only one, and not a new one.
    const shownMs = need ? this.answering.textShownMs(view.id, need.id) : "unseen";
    if (shownMs === "new")
      throw fault("refused", "The question came up just now; nothing was sent", "Read it, then send again");
    const answers = need && shownMs !== "unseen";
    const told = answers
      ? backend.answer(view.id, need.id, { type: "text", text }, shownMs)
      : backend.reply(view.id, text, [...files]);
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
