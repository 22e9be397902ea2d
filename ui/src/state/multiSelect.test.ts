/** Marked rows: ranges, the second press, and what failed. */
import { expect, test, vi } from "vitest";
import { fault } from "../backend/api";
import type { Backend } from "../backend/api";
import { Board } from "./board.svelte";
import { MultiSelect } from "./multiSelect.svelte";
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
  return { board, rows, toasts, say, remove, multiSelect: new MultiSelect(board, backend, toasts, say, remove) };
}

test("a range goes from the row selected last, either way, and who is gone is forgotten", () => {
  const { multiSelect, rows, board } = arrange({});
  multiSelect.through("c", "b", rows);
  expect([...multiSelect.ids]).toEqual(["b", "c"]);
  multiSelect.clear();
  multiSelect.toggle("d");
  multiSelect.through("c", null, rows);
  expect([...multiSelect.ids].sort()).toEqual(["c", "d"]);
  board.sessions.delete("d");
  multiSelect.settle();
  expect([...multiSelect.ids]).toEqual(["c"]);
});

test("the first press stops, only the second deletes, and a change in between calms", async () => {
  const stop = vi.fn(async (session: string) => aView(session));
  const { multiSelect, remove } = arrange({ stop });
  multiSelect.toggle("a");
  multiSelect.toggle("b");
  await multiSelect.stopOrDelete();
  expect([stop.mock.calls.length, remove.mock.calls.length, multiSelect.armed]).toEqual([2, 0, true]);
  multiSelect.toggle("c");
  expect(multiSelect.armed).toBe(false);
  await multiSelect.stopOrDelete();
  await multiSelect.stopOrDelete();
  expect(remove.mock.calls[0]?.[0]).toHaveLength(3);
  expect(multiSelect.any).toBe(false);
});

test("a reply that did not reach all keeps its text and those it missed selected", async () => {
  const { multiSelect, rows, toasts } = arrange({});
  multiSelect.all(rows);
  multiSelect.draft = "go on";
  expect(await multiSelect.reply()).toBe(false);
  expect([...multiSelect.ids]).toEqual(["b"]);
  expect(multiSelect.draft).toBe("go on");
  expect(toasts.list[0]?.message).toBe("Could not reply to 1 of 4 sessions: b is deaf");
});
