/**
 * Stopping and deleting sessions: first press, second press, and what is asked in between.
 *
 * Promise: the first press stops what runs and arms; the second, within two seconds, deletes, and what would be lost is
 * listed before. Must not know: the DOM, how a removal is done.
 */
import type { Backend, SessionView, WorktreeDisposal } from "../backend/api";
import { ConfirmRemoval } from "./confirmRemoval.svelte";
import type { MultiSelect } from "./multiSelect.svelte";
import type { Navigation } from "./navigation.svelte";
import type { Panes } from "./panes.svelte";
import type { PendingRemovals } from "./pendingRemovals.svelte";
import { isLive } from "./processStatus";
import type { Selection } from "./selection.svelte";
import { displayName } from "./session";
import type { SessionActions } from "./sessionActions";

type Places = {
  sessions: SessionActions;
  selection: Selection;
  multiSelect: MultiSelect;
  navigation: Navigation;
  panes: Panes;
  pendingRemovals: PendingRemovals;
};

export class Removal {
  readonly confirm: ConfirmRemoval;

  constructor(
    backend: Backend,
    private readonly places: Places,
  ) {
    this.confirm = new ConfirmRemoval(backend, (views, disposals) => this.hide(views, disposals));
  }

  /** All checked rows, else the one at hand. */
  async stopOrDeleteChosen(): Promise<void> {
    const { multiSelect, selection } = this.places;
    if (multiSelect.any) await multiSelect.stopOrDelete();
    else if (selection.view) await this.stopOrDelete(selection.view);
  }

  async stopOrDelete(view: SessionView): Promise<void> {
    const { selection, sessions } = this.places;
    if (selection.armed === view.id) {
      selection.calm();
      this.remove([view]);
      return;
    }
    selection.arm(view.id);
    if (isLive(view)) await sessions.stop(view.id);
  }

  /** What would be lost with their worktrees is listed first. */
  remove(views: readonly SessionView[]): void {
    void this.confirm.begin(views).then((asks) => {
      if (asks) this.places.navigation.overlay = "confirm-removal";
    });
  }

  /** Off the board at once; the sessions themselves go when the moment to undo is over. */
  private hide(views: readonly SessionView[], disposals: ReadonlyMap<string, WorktreeDisposal>): void {
    const [only] = views;
    if (!only) return;
    const { pendingRemovals, panes } = this.places;
    pendingRemovals.begin(
      views.map((view) => view.id),
      views.length === 1 ? displayName(only) : `${views.length} sessions`,
      disposals,
    );
    for (const view of views) panes.closeSession(view.id);
  }
}
