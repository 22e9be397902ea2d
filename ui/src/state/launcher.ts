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
import type { Selection } from "./selection.svelte";
import type { Toasts } from "./toasts.svelte";

type Places = {
  board: Board;
  dispatch: Dispatch;
  filter: Filter;
  selection: Selection;
  navigation: Navigation;
  toasts: Toasts;
};

export class Launcher {
  constructor(
    private readonly backend: Backend,
    private readonly places: Places,
  ) {}

  /** What the input says; `andOpen`: in a pane as well. */
  async start(andOpen: boolean): Promise<void> {
    const { board, dispatch, filter, selection, navigation } = this.places;
    const view = await dispatch.submit();
    if (!view) return;
    board.learn(view);
    if (!filter.fits(view)) filter.clear();
    selection.select(view.id);
    if (andOpen) navigation.open(view.id);
  }

  /** A shell job of the user's home in a pane of its own: to install an agent, to sign it in. */
  async runInTerminal(command: string): Promise<void> {
    const { board, dispatch, navigation, toasts } = this.places;
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
      navigation.open(view.id);
    } catch (thrown) {
      toasts.show(asFault(thrown));
    }
  }
}
