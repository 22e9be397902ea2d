/**
 * Deleting sessions that have worktrees of their own: what would be lost is listed first.
 *
 * Promise: what loses nothing goes at once; uncommitted files go only after they were shown and somebody
 * said so. Must not know: the DOM, how a removal is done.
 */
import { asFault } from "../backend/api";
import type { Backend, SessionView, WorktreeState } from "../backend/api";

/** A session that would leave work behind. */
export type Leaver = { view: SessionView; state: WorktreeState };

export class Leaving {
  asked = $state.raw<Leaver[]>([]);
  /** Nothing of them may go, whatever is said. */
  readonly blocked: boolean = $derived(this.asked.length > 0 && this.asked.every(({ state }) => staysAnyway(state)));

  private all: readonly SessionView[] = [];

  constructor(
    private readonly backend: Backend,
    private readonly go: (views: readonly SessionView[], discard: boolean) => void,
  ) {}

  /** Whether somebody has to be asked; what loses nothing is gone when this settles. */
  async begin(views: readonly SessionView[]): Promise<boolean> {
    const own = views.filter((view) => view.lodging?.type === "worktree");
    const looked = await Promise.all(own.map((view) => this.look(view)));
    this.asked = looked.filter((found): found is Leaver => found !== null && loses(found.state));
    this.all = views;
    if (this.asked.length > 0) return true;
    this.go(views, false);
    return false;
  }

  /** With what is not committed, or without: then such worktrees stay. */
  end(discard: boolean): void {
    const { all } = this;
    this.cancel();
    if (all.length > 0) this.go(all, discard);
  }

  cancel(): void {
    this.asked = [];
    this.all = [];
  }

  /** One that cannot be looked at is not cleared away either: the removal itself looks again. */
  private async look(view: SessionView): Promise<Leaver | null> {
    try {
      return { view, state: await this.backend.inspectWorktree(view.id) };
    } catch (thrown) {
      const { code, message } = asFault(thrown);
      if (code === "not_found") return null;
      const keeps = [{ reason: "unreadable", text: `a state that cannot be read: ${message}` }];
      return {
        view,
        state: {
          path: "",
          branch: null,
          uncommitted: [],
          unpushed: [],
          unpushedCount: 0,
          stashes: 0,
          keeps,
          blocks: keeps,
        },
      };
    }
  }
}

/** Its own process, which is stopped first, keeps nothing. */
const passing = (reason: string): boolean => reason === "held" || reason === "occupied";

function loses(state: WorktreeState): boolean {
  return state.keeps.some((kept) => !passing(kept.reason));
}

function staysAnyway(state: WorktreeState): boolean {
  return state.blocks.some((kept) => !passing(kept.reason));
}
