/** Marked rows: ranges, the second press, and what failed. */
import { expect, test, vi } from "vitest";
import { fault } from "../backend/api";
import type { Backend } from "../backend/api";
import { Board } from "./board.svelte";
import { Marks } from "./marks.svelte";
import { Toasts } from "./toasts.svelte";
import { aView } from "./view.fixture";

function arrange(part: Partial<Backend>) {
  const backend = part as Backend;
  const board = new Board(backend);
  const rows = ["a", "b", "c", "d"].map((id) => aView(id, { liveness: { type: "alive", pid: 1, since: 0 } }));
  for (const row of rows) board.sessions.set(row.id, row);
  const toasts = new Toasts();
  const say = vi.fn(async (view: { id: string }) => {
    if (view.id === "b") throw fault("refused", "b is deaf", "wait");
  });
  const remove = vi.fn();
  return { board, rows, toasts, say, remove, marks: new Marks(board, backend, toasts, say, remove) };
}

test("a range goes from the last mark, either way, and who is gone is forgotten", () => {
  const { marks, rows, board } = arrange({});
  marks.through("c", "b", rows);
  expect([...marks.ids]).toEqual(["b", "c"]);
  marks.clear();
  marks.toggle("d");
  marks.through("c", null, rows);
  expect([...marks.ids].sort()).toEqual(["c", "d"]);
  board.sessions.delete("d");
  marks.settle();
  expect([...marks.ids]).toEqual(["c"]);
});

test("the first press stops, only the second deletes, and a change in between calms", async () => {
  const stop = vi.fn(async () => undefined);
  const { marks, remove } = arrange({ stop });
  marks.toggle("a");
  marks.toggle("b");
  await marks.stopOrDelete();
  expect([stop.mock.calls.length, remove.mock.calls.length, marks.armed]).toEqual([2, 0, true]);
  marks.toggle("c");
  expect(marks.armed).toBe(false);
  await marks.stopOrDelete();
  await marks.stopOrDelete();
  expect(remove.mock.calls[0]?.[0]).toHaveLength(3);
  expect(marks.any).toBe(false);
});

test("a reply that did not reach all keeps its text and the marks of those it missed", async () => {
  const { marks, rows, toasts } = arrange({});
  marks.all(rows);
  marks.draft = "go on";
  expect(await marks.reply()).toBe(false);
  expect([...marks.ids]).toEqual(["b"]);
  expect(marks.draft).toBe("go on");
  expect(toasts.list[0]?.message).toBe("1 of 4 were not told: b is deaf");
});
