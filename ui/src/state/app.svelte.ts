/**
 * The stores of a window, each made once and given what it uses.
 *
 * Promise: wiring and nothing else; every verb is in the store of its noun.
 * Must not know: the DOM, Tauri, components. Parts take single stores (`stores.ts`); windows and actions take all.
 */
import { focusedHeader } from "../kit/focusOwner";
import type { Backend, Need, SessionView } from "../backend/api";
import { AgentOptions } from "./agentOptions.svelte";
import { Answering } from "./answering.svelte";
import { Appearance, type Theme } from "./appearance.svelte";
import { Board } from "./board.svelte";
import { BoardLayout } from "./boardLayout.svelte";
import { Clock } from "./clock.svelte";
import { commandsOf, SCHEDULE } from "./commands.svelte";
import { Completions } from "./completions.svelte";
import { Dispatch } from "./dispatch.svelte";
import { Filter } from "./filter.svelte";
import { LastRead } from "./lastRead";
import { Launcher } from "./launcher";
import { MultiSelect } from "./multiSelect.svelte";
import { Navigation } from "./navigation.svelte";
import { Panes } from "./panes.svelte";
import { HomePaths } from "./paths";
import { PendingRemovals } from "./pendingRemovals.svelte";
import { Removal } from "./removal.svelte";
import { Replies } from "./replies.svelte";
import type { Review } from "./review.svelte";
import { Routines } from "./routines.svelte";
import { Reviews } from "./reviews";
import { Selection } from "./selection.svelte";
import { SessionActions } from "./sessionActions";
import { Settings } from "./settings.svelte";
import { Toasts } from "./toasts.svelte";
import { Worktrees } from "./worktrees.svelte";

export class App {
  readonly toasts = new Toasts();
  readonly clock = new Clock();
  readonly panes = new Panes();
  readonly boardLayout = new BoardLayout();
  readonly agentOptions = new AgentOptions();
  readonly lastRead = new LastRead();
  readonly settings: Settings;
  readonly appearance: Appearance;
  readonly board: Board;
  readonly dispatch: Dispatch;
  readonly paths: HomePaths;
  readonly filter: Filter;
  readonly selection: Selection;
  readonly multiSelect: MultiSelect;
  readonly sessions: SessionActions;
  readonly answering: Answering;
  readonly replies: Replies;
  readonly reviews: Reviews;
  readonly navigation: Navigation;
  readonly launcher: Launcher;
  readonly pendingRemovals: PendingRemovals;
  readonly removal: Removal;
  readonly worktrees: Worktrees;
  readonly routines: Routines;
  readonly completions: Completions;

  /** `theme` is one that nothing overrides; `solo`: this window holds one session and no board. */
  constructor(
    readonly backend: Backend,
    theme: Theme | null = null,
    solo = false,
  ) {
    const { toasts, panes } = this;
    this.settings = new Settings(backend);
    this.appearance = new Appearance(this.settings, theme);
    this.pendingRemovals = new PendingRemovals(backend, toasts);
    this.board = new Board(backend, (id) => this.pendingRemovals.hides(id));
    this.dispatch = new Dispatch(backend, this.agentOptions, this.settings);
    const home = () => this.dispatch.defaults.home;
    this.paths = new HomePaths(home);
    this.filter = new Filter(home);
    this.selection = new Selection(
      this.board,
      this.filter,
      this.boardLayout,
      home,
      (id) => panes.isOpen(id),
      focusedHeader,
    );
    this.answering = new Answering(
      (session, need) => requestOf(this.board, session, need),
      ({ view, need }, answer, shownMs) => this.sessions.answer(view, need, answer, shownMs),
    );
    this.sessions = new SessionActions(
      backend,
      this.board,
      toasts,
      () => this.dispatch.agents,
      (session, need) => this.answering.textShownMs(session, need),
    );
    this.replies = new Replies(backend, (view, text, files) => this.sessions.send(view, text, files));
    this.reviews = new Reviews(backend);
    this.multiSelect = new MultiSelect(
      this.board,
      backend,
      toasts,
      (view, text) => this.sessions.deliver(view, text),
      (views) => this.removal.remove(views),
    );
    this.routines = new Routines(backend);
    this.navigation = new Navigation(backend, toasts, this, solo);
    this.launcher = new Launcher(backend, this);
    this.removal = new Removal(backend, this);
    this.worktrees = new Worktrees(backend);
    this.completions = new Completions(
      this.dispatch,
      this.board,
      (view) => this.navigation.goTo(view),
      () => commandsOf(this.agentOptions.of(this.dispatch.agent?.id ?? null).commands, SCHEDULE),
    );
  }

  /** The session of the pane that was used last. */
  get openView(): SessionView | null {
    const pane = this.panes.list.find((known) => known.key === this.panes.current);
    return pane ? (this.board.sessions.get(pane.session) ?? null) : null;
  }

  /** The review in the pane that was used last. */
  get openReview(): Review | null {
    const { current } = this.panes;
    const view = this.openView;
    return view && current !== null && this.panes.reviewing.has(current) ? this.reviews.of(view.id) : null;
  }
}

/** The request as it is now, while it is open. */
function requestOf(board: Board, session: string, id: string): { view: SessionView; need: Need } | null {
  const view = board.sessions.get(session);
  const need = view?.state.type === "needs_input" ? view.state.needs.find((known) => known.id === id) : undefined;
  return view && need ? { view, need } : null;
}
