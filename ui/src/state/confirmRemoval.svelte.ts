/**
 * Deleting sessions that have worktrees of their own: what would be lost is listed first.
 *
 * Promise: what loses nothing goes at once; work that is nowhere else goes only after it was shown and somebody
 * said so. Must not know: the DOM, how a removal is done.
 */
import { asFault } from "../backend/api";
import type { Backend, WorktreeDisposal, SessionView, WorktreeState } from "../backend/api";

/** A session that would leave work behind. */
export type SessionAtRisk = { view: SessionView; state: WorktreeState };

export class ConfirmRemoval {
  asked = $state.raw<SessionAtRisk[]>([]);
  /** Nothing of them may go, whatever is said. */
  readonly blocked: boolean = $derived(this.asked.length > 0 && this.asked.every(({ state }) => staysAnyway(state)));

  private all: readonly SessionView[] = [];

  constructor(
    private readonly backend: Backend,
    private readonly go: (views: readonly SessionView[], disposals: ReadonlyMap<string, WorktreeDisposal>) => void,
  ) {}

  /** Whether somebody has to be asked; what loses nothing is gone when this settles. */
  async begin(views: readonly SessionView[]): Promise<boolean> {
    const own = views.filter((view) => view.lodging?.type === "worktree");
    const looked = await Promise.all(own.map((view) => this.inspect(view)));
    this.asked = looked.filter((found): found is SessionAtRisk => found !== null && loses(found.state));
    this.all = views;
    if (this.asked.length > 0) return true;
    this.go(views, new Map());
    return false;
  }

  /** With all work that was shown, or with those worktrees left as they are. What was not shown is lost by neither. */
  end(disposal: WorktreeDisposal): void {
    const { all, asked } = this;
    this.cancel();
    if (all.length > 0) this.go(all, new Map(asked.map(({ view }) => [view.id, disposal])));
  }

  cancel(): void {
    this.asked = [];
    this.all = [];
  }

  /** One that cannot be looked at is not cleared away either: the removal itself looks again. */
  private async inspect(view: SessionView): Promise<SessionAtRisk | null> {
    try {
      return { view, state: await this.backend.inspectWorktree(view.id) };
    } catch (thrown) {
      const { code, message } = asFault(thrown);
      if (code === "not_found") return null;
      const keeps = [{ reason: "unreadable", text: `Nightshift cannot read its state: ${message}` }];
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
