/**
 * Worktrees of the simulated machine: of sessions, forgotten ones, other programs' and removed ones.
 *
 * Promise: work that is nowhere else goes only when it is discarded; what goes can be brought back.
 * Must not know: views.
 */
import { fault } from "../api";
import type {
  Kept,
  WorktreeDisposal,
  RemovedWorktree,
  SessionView,
  WhichWorktree,
  WorktreeFate,
  WorktreeList,
  WorktreeMeasure,
  WorktreeState,
  WorktreesCleaned,
  WorktreeView,
} from "../api";
import type { World } from "./world";

const DAY = 24 * 60 * 60_000;
const UNDO_DAYS = 30;
const MIB = 1024 * 1024;

type Tree = { view: WorktreeView; bytes: number; uncommitted: string[]; unpushed: string[] };

function named(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export class FakeWorktrees {
  private trees: Tree[] = [];
  private removed: { tree: Tree; at: number }[] = [];

  constructor(private readonly world: World) {
    const own = [...world.sessions.values()].filter((view) => view.lodging?.type === "worktree");
    for (const view of own) this.trees.push(ofSession(view));
    if (own.length === 0) return;
    const orphan = (name: string, days: number, mib: number, uncommitted: string[], unpushed: string[]) =>
      this.trees.push(
        tree(
          `/home/ada/code/atlas/.claude/worktrees/${name}`,
          "/home/ada/code/atlas",
          `worktree-${name}`,
          `0ff1ce${this.trees.length}0`,
          days,
          mib,
          uncommitted,
          unpushed,
        ),
      );
    orphan("split-the-importer", 12, 412, [], []);
    orphan("try-another-cache", 23, 398, ["src/cache.rs", "notes.md"], []);
    orphan("faster-joins", 41, 1430, [], ["3f1c2aa Join by hash", "91bd004 Measure it"]);
    const foreign = tree("/home/ada/code/site-hotfix", "/home/ada/code/site", "hotfix", null, null, 88, [], []);
    this.trees.push(foreign);
    const gone = tree(
      "/home/ada/code/atlas/.claude/worktrees/rename-the-crate",
      "/home/ada/code/atlas",
      "worktree-rename-the-crate",
      "5e55107a",
      9,
      377,
      [],
      [],
    );
    this.removed.push({ tree: gone, at: Date.now() - 9 * DAY });
  }

  list(): WorktreeList {
    const worktrees = this.trees.map(({ view }) => ({
      ...view,
      orphan: view.session !== null && !this.world.sessions.has(view.session),
    }));
    return { worktrees: structuredClone(worktrees), removed: this.removed.map(removedView), problems: [] };
  }

  async measure(which: WhichWorktree): Promise<WorktreeMeasure> {
    await this.world.rest(4);
    const found =
      which.type === "made"
        ? this.trees.find(({ view }) => view.path === which.path)
        : this.removed.find(({ tree }) => tree.view.session === which.id)?.tree;
    if (!found) throw fault("not_found", "there is no such worktree any more");
    const own = which.type === "made" && found.view.session !== null;
    return {
      bytes: found.bytes,
      keeps: own ? this.keeps(found, false) : [],
      blocks: own ? this.keeps(found, true) : [],
    };
  }

  inspect(session: string): WorktreeState {
    const found = this.of(session);
    if (!found) throw fault("not_found", `${session} has no worktree`);
    const { view, uncommitted, unpushed } = found;
    return {
      path: view.path,
      branch: view.branch,
      uncommitted,
      unpushed,
      unpushedCount: unpushed.length,
      stashes: 0,
      keeps: this.keeps(found, false),
      blocks: this.keeps(found, true),
    };
  }

  /** With its session, which stays where it stays although it was to go. */
  leave(session: string, disposal: WorktreeDisposal): WorktreeFate | null {
    const found = this.of(session);
    if (found && disposal === "keep") {
      const { path, branch } = found.view;
      const kept = [{ reason: "wanted", text: "you asked to keep it" }];
      return { path, branch: branch ?? "", kept, uncommitted: [], undo: null, notes: [] };
    }
    const fate = this.remove(session, disposal === "discard");
    const why = (fate?.kept ?? []).map(({ text }) => text).join("; ");
    if (why !== "") throw fault("refused", `session ${session} is stopped and stays with its worktree: ${why}`);
    return fate;
  }

  /** Its session has gone, or never mattered. */
  remove(session: string, discard: boolean): WorktreeFate | null {
    const found = this.of(session);
    if (!found) return null;
    const kept = this.keeps(found, discard);
    const { path, branch } = found.view;
    if (kept.length > 0) return { path, branch: branch ?? "", kept, uncommitted: [], undo: null, notes: [] };
    this.trees = this.trees.filter((known) => known !== found);
    this.removed.push({ tree: found, at: Date.now() });
    return { path, branch: branch ?? "", kept: [], uncommitted: found.uncommitted, undo: session, notes: [] };
  }

  clean(): WorktreesCleaned {
    const orphans = this.list().worktrees.filter((view) => view.orphan);
    return {
      orphans: orphans.flatMap((view) => this.remove(view.session ?? "", false) ?? []),
      expired: [],
      problems: [],
    };
  }

  undo(id: string): string {
    const found = this.removed.findLast(({ tree }) => tree.view.session === id);
    if (!found)
      throw fault(
        "not_found",
        `nothing was removed for ${id}`,
        "`nightshift worktrees` lists what can be brought back",
      );
    this.removed = this.removed.filter((known) => known !== found);
    this.trees.push(found.tree);
    return found.tree.view.path;
  }

  private of(session: string): Tree | undefined {
    return this.trees.find(({ view }) => view.session === session);
  }

  private keeps({ uncommitted, unpushed }: Tree, discard: boolean): Kept[] {
    const kept: Kept[] = [];
    if (discard) return kept;
    if (unpushed.length > 0)
      kept.push({ reason: "unpushed", text: `${named(unpushed.length, "unpushed commit")} (${unpushed.join(", ")})` });
    if (uncommitted.length > 0)
      kept.push({
        reason: "uncommitted",
        text: `${named(uncommitted.length, "uncommitted change")} (${uncommitted.join(", ")})`,
      });
    return kept;
  }
}

function ofSession(view: SessionView): Tree {
  if (view.lodging?.type !== "worktree") throw new Error("no worktree");
  const { path, mainCheckout, branch, firstPort } = view.lodging;
  const clean = view.pullRequests.length > 0;
  const made = tree(path, mainCheckout, branch, view.id, 0, 402, clean ? [] : ["tests/sync.rs", "src/sync.rs"], []);
  return {
    ...made,
    view: { ...made.view, createdAt: view.createdAt, firstPort, lock: `Nightshift session ${view.id}` },
  };
}

function tree(
  path: string,
  mainCheckout: string,
  branch: string,
  session: string | null,
  days: number | null,
  mib: number,
  uncommitted: string[],
  unpushed: string[],
): Tree {
  const createdAt = days === null ? null : Date.now() - days * DAY;
  const view: WorktreeView = {
    path,
    mainCheckout,
    branch,
    commit: "9b1e2f6d8a90c3e1",
    session,
    orphan: false,
    missing: false,
    lock: null,
    createdAt,
    bytes: null,
    firstPort: null,
    keeps: [],
    ahead: null,
    behind: null,
    uncommitted: null,
    unknown: null,
  };
  return { view, bytes: mib * MIB, uncommitted, unpushed };
}

function removedView({ tree, at }: { tree: Tree; at: number }): RemovedWorktree {
  const { path, branch, session } = tree.view;
  return { id: session ?? "", path, branch: branch ?? "", removedAt: at, until: at + UNDO_DAYS * DAY, bytes: null };
}
