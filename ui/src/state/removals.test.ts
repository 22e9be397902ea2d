/** Deleting, taking it back, and what could not be deleted. */
import { afterEach, beforeEach, expect, test, vi, type Mock } from "vitest";
import { fault } from "../backend/api";
import type { Backend } from "../backend/api";
import { Removals, UNDO_MS } from "./removals.svelte";
import { Toasts } from "./toasts.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Remove = (id: string, discard?: boolean) => Promise<void>;

function arrange(remove: Mock<Remove> = vi.fn<Remove>(async () => undefined)) {
  const toasts = new Toasts();
  return { remove, toasts, removals: new Removals({ remove } as unknown as Backend, toasts) };
}

test("a row is hidden at once, its session is deleted when the moment is over", async () => {
  const { removals, remove } = arrange();
  removals.begin(["a", "b"], "2 sessions");
  expect([removals.hides("a"), removals.hides("c")]).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(remove).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(remove.mock.calls.map(([id]) => id)).toEqual(["a", "b"]);
  expect(removals.hides("a")).toBe(false);
  expect(removals.list).toEqual([]);
});

test("what is taken back was never deleted", async () => {
  const { removals, remove } = arrange();
  removals.begin(["a"], "a");
  removals.begin(["b"], "b");
  removals.undoLast();
  expect([removals.hides("a"), removals.hides("b")]).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(remove.mock.calls.map(([id]) => id)).toEqual(["a"]);
});

test("a refused removal brings its row back and says why", async () => {
  const remove = vi.fn<Remove>(async (id) => {
    if (id === "b") throw fault("refused", "its worktree has 2 unpushed commits", "push them");
  });
  const { removals, toasts } = arrange(remove);
  removals.begin(["a", "b"], "2 sessions");
  removals.finishAll();
  await vi.advanceTimersByTimeAsync(0);
  expect(removals.hides("b")).toBe(false);
  expect(toasts.list[0]?.message).toBe("1 of 2 were not deleted: its worktree has 2 unpushed commits");
});

test("what becomes of a worktree is what was said of it", async () => {
  const remove = vi.fn<Remove>(async () => undefined);
  const { removals } = arrange(remove);
  removals.begin(["a"], "a");
  removals.begin(["b", "c"], "2 sessions", new Map([["b", "discard"]]));
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(remove.mock.calls).toEqual([
    ["a", "careful"],
    ["b", "discard"],
    ["c", "careful"],
  ]);
});
