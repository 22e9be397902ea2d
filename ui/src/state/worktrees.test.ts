/** The view of worktrees: measured one by one, removed only after what would be lost was shown. */
import { expect, test, vi } from "vitest";
import type { Backend, WorktreeMeasure, WorktreeState, WorktreeView } from "../backend/api";
import { daysLeft, Worktrees } from "./worktrees.svelte";

function tree(path: string, session: string | null, orphan = true): WorktreeView {
  return {
    path,
    mainCheckout: "/r",
    branch: path,
    commit: null,
    session,
    orphan,
    missing: false,
    lock: null,
    createdAt: 0,
    bytes: null,
    firstPort: null,
    keeps: [],
    ahead: null,
    behind: null,
    uncommitted: null,
    unknown: null,
  };
}

const CLEAN: WorktreeState = {
  path: "a",
  branch: "a",
  uncommitted: [],
  unpushed: [],
  unpushedCount: 0,
  stashes: 0,
  keeps: [],
  blocks: [],
};
const DIRTY: WorktreeState = {
  ...CLEAN,
  uncommitted: ["x"],
  keeps: [{ reason: "uncommitted", text: "1 uncommitted change (x)" }],
};
const fate = (path: string) => ({ path, branch: "", kept: [], uncommitted: [], undo: "s", notes: [] });

function view(part: Partial<Backend>): Worktrees {
  const list = { worktrees: [tree("a", "s"), tree("b", "t"), tree("c", null, false)], removed: [], problems: [] };
  const measure: WorktreeMeasure = { bytes: 1024, keeps: [], blocks: [] };
  return new Worktrees({ worktrees: async () => list, measureWorktree: async () => measure, ...part } as Backend);
}

test("the list is there before anything is measured, and one that cannot be measured holds up no other", async () => {
  let release = () => {};
  const waits = new Promise<void>((resolve) => (release = resolve));
  const measureWorktree = vi.fn<Backend["measureWorktree"]>(async (which) => {
    await waits;
    if (which.type === "made" && which.path === "b") throw new Error("no");
    return { bytes: 1024, keeps: [], blocks: [] };
  });
  const trees = view({ measureWorktree });
  const done = trees.refresh();
  await vi.waitFor(() => expect(trees.list).not.toBeNull());
  expect([trees.measuring, trees.bytes, trees.cleanable.length]).toEqual([true, 0, 0]);
  release();
  await done;
  expect([trees.measuring, trees.bytes, trees.measure({ type: "made", path: "b" })]).toEqual([false, 2048, "unknown"]);
  expect(trees.cleanable.map((one) => one.path)).toEqual(["a"]);
});

test("what would lose work is shown first, and goes only when asked for again", async () => {
  const removeWorktree = vi.fn(async () => fate("a"));
  const trees = view({ inspectWorktree: async () => DIRTY, removeWorktree });
  await trees.refresh();
  await trees.ask(tree("a", "s"));
  expect([removeWorktree.mock.calls.length, trees.asked?.state.uncommitted]).toEqual([0, ["x"]]);
  await trees.discard(tree("a", "s"));
  expect(removeWorktree).toHaveBeenCalledWith("s", true);
  expect([trees.asked, trees.message?.undo]).toEqual([null, "s"]);
});

test("a clean one goes at once and says how it comes back; one of another program is not touched", async () => {
  const removeWorktree = vi.fn(async () => fate("a"));
  const trees = view({ inspectWorktree: async () => CLEAN, removeWorktree, undoRemove: async () => "/r/a" });
  await trees.ask(tree("c", null, false));
  expect(removeWorktree).not.toHaveBeenCalled();
  await trees.ask(tree("a", "s"));
  expect(trees.message).toEqual({ text: "a was removed", undo: "s" });
  await trees.undo("s");
  expect(trees.message?.text).toBe("/r/a was restored");
});

test("what fails says so and leaves everything as it is", async () => {
  const trees = view({
    inspectWorktree: () => Promise.reject({ code: "io", message: "the disk does not answer", hint: "" }),
  });
  await trees.refresh();
  await trees.ask(tree("a", "s"));
  expect([trees.fault?.message, trees.list?.worktrees.length, trees.busy.size]).toEqual([
    "the disk does not answer",
    3,
    0,
  ]);
});

test("days are counted down and never to nothing", () => {
  const removed = { id: "s", path: "a", branch: "a", removedAt: 0, until: 30 * 86_400_000, bytes: null };
  expect([0, 5 * 86_400_000, 29.9 * 86_400_000].map((now) => daysLeft(removed, now))).toEqual([30, 25, 1]);
});

test("a worktree of which nothing was left leaves the list, and what was found is said", async () => {
  const notes = ["nothing was left of it: its branch b is kept"];
  const removeWorktree = async () => ({ ...fate("a"), undo: null, notes });
  const trees = view({ inspectWorktree: async () => CLEAN, removeWorktree });
  await trees.refresh();
  await trees.ask(tree("a", "s"));
  expect(trees.message).toEqual({ text: `a was removed from the list: ${notes[0]}`, undo: null });
});
