/** Deleting, taking it back, and what could not be deleted. */
import { afterEach, beforeEach, expect, test, vi, type Mock } from "vitest";
import { fault } from "../backend/api";
import type { Backend } from "../backend/api";
import { PendingRemovals, UNDO_MS } from "./pendingRemovals.svelte";
import { Toasts } from "./toasts.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Remove = (id: string, discard?: boolean) => Promise<void>;

function arrange(remove: Mock<Remove> = vi.fn<Remove>(async () => undefined)) {
  const toasts = new Toasts();
  return { remove, toasts, pendingRemovals: new PendingRemovals({ remove } as unknown as Backend, toasts) };
}

test("a row is hidden at once, its session is deleted when the moment is over", async () => {
  const { pendingRemovals, remove } = arrange();
  pendingRemovals.begin(["a", "b"], "2 sessions");
  expect([pendingRemovals.hides("a"), pendingRemovals.hides("c")]).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(remove).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(remove.mock.calls.map(([id]) => id)).toEqual(["a", "b"]);
  expect(pendingRemovals.hides("a")).toBe(false);
  expect(pendingRemovals.list).toEqual([]);
});

test("what is taken back was never deleted", async () => {
  const { pendingRemovals, remove } = arrange();
  pendingRemovals.begin(["a"], "a");
  pendingRemovals.begin(["b"], "b");
  pendingRemovals.undoLast();
  expect([pendingRemovals.hides("a"), pendingRemovals.hides("b")]).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(remove.mock.calls.map(([id]) => id)).toEqual(["a"]);
});

test("a refused removal brings its row back and says why", async () => {
  const remove = vi.fn<Remove>(async (id) => {
    if (id === "b") throw fault("refused", "its worktree has 2 unpushed commits", "push them");
  });
  const { pendingRemovals, toasts } = arrange(remove);
  pendingRemovals.begin(["a", "b"], "2 sessions");
  pendingRemovals.finishAll();
  await vi.advanceTimersByTimeAsync(0);
  expect(pendingRemovals.hides("b")).toBe(false);
  expect(toasts.list[0]?.message).toBe("Could not delete 1 of 2 sessions: its worktree has 2 unpushed commits");
});

test("what becomes of a worktree is what was said of it", async () => {
  const remove = vi.fn<Remove>(async () => undefined);
  const { pendingRemovals } = arrange(remove);
  pendingRemovals.begin(["a"], "a");
  pendingRemovals.begin(["b", "c"], "2 sessions", new Map([["b", "discard"]]));
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(remove.mock.calls).toEqual([
    ["a", "if_clean"],
    ["b", "discard"],
    ["c", "if_clean"],
  ]);
});
