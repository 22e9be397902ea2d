/** Side by side: blocks are paired and nothing is lost. */
import { expect, test } from "vitest";
import type { DiffRow, RowKind } from "../../backend/api";
import { split } from "./split";

const rows = (kinds: string): DiffRow[] => {
  const names: Record<string, RowKind> = { "@": "hunk", " ": "same", "-": "removed", "+": "added", "\\": "note" };
  return [...kinds].map((sign) => ({ kind: names[sign] ?? "same", old: null, new: null, text: "", marks: [] }));
};
const shape = (kinds: string) => split(rows(kinds)).map((pair) => [pair.left, pair.right]);

test("lines of a block stand beside each other", () => {
  expect(shape("@ --+ ")).toEqual([
    [0, null],
    [1, 1],
    [2, 4],
    [3, null],
    [5, 5],
  ]);
  expect(shape("+-")).toEqual([
    [null, 0],
    [1, null],
  ]);
  expect(shape("-\\+\\")).toEqual([[0, 2]]);
  expect(shape("")).toEqual([]);
});

test("fifty thousand lines are arranged in one go", () => {
  expect(split(rows("-+".repeat(25_000))).length).toBe(25_000);
});
