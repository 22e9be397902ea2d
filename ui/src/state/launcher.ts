/**
 * Starting sessions from this window.
 *
 * Promise: what was just started is on the board, selected and never hidden. Must not know: the DOM, the input's text.
 */
import { asFault } from "../backend/api";
import type { Backend } from "../backend/api";
import type { Board } from "./board.svelte";
import type { Dispatch } from "./dispatch.svelte";
import type { Filter } from "./filter.svelte";
import type { Navigation } from "./navigation.svelte";
import type { Panes } from "./panes.svelte";
import type { Selection } from "./selection.svelte";
import { scheduleCommand } from "./routineWords";
import { unsent } from "./text";
import type { Toasts } from "./toasts.svelte";

type Places = {
  board: Board;
  dispatch: Dispatch;
  filter: Filter;
  selection: Selection;
  navigation: Navigation;
  panes: Panes;
  toasts: Toasts;
};

export class Launcher {
  /** What was started last: that it is selected was not the user's doing. */
  private started: string | null = null;

  constructor(
    private readonly backend: Backend,
    private readonly places: Places,
  ) {}

  /** What the input says; `andOpen`: in a pane as well. */
  async start(andOpen: boolean): Promise<void> {
    const { board, dispatch, filter, selection, navigation, panes } = this.places;
    const planned = dispatch.shell ? null : scheduleCommand(dispatch.draft);
    if (planned !== null) {
      const { draft } = dispatch;
      if (!(await navigation.schedule(planned, dispatch.cwd))) return;
      dispatch.remember(draft);
      dispatch.edit(unsent(dispatch.draft, draft));
      return;
    }
    const [asked, at] = [panes.moment, selection.id];
    const view = await dispatch.submit();
    if (!view) return;
    board.learn(view);
    if (!filter.fits(view)) filter.clear();
    // A row that the user chose meanwhile stays chosen, and keeps the keyboard.
    if (selection.id === at || selection.id === this.started) selection.select(view.id);
    this.started = view.id;
    if (andOpen) navigation.openLate(view.id, asked);
  }

  /** A shell job of the user's home in a pane of its own: to install an agent, to sign it in. */
  async runInTerminal(command: string): Promise<void> {
    const { board, dispatch, navigation, panes, toasts } = this.places;
    const asked = panes.moment;
    try {
      const view = await this.backend.dispatch({
        kind: "shell",
        text: command,
        agent: null,
        model: null,
        permissionMode: null,
        name: null,
        cwd: dispatch.defaults.home,
        enclosures: [],
      });
      board.learn(view);
      navigation.close();
      navigation.openLate(view.id, asked);
    } catch (thrown) {
      toasts.show(asFault(thrown));
    }
  }
}
