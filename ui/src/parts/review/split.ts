/**
 * Rows of a unified diff arranged side by side.
 *
 * Promise: pure; every row is there once, in order; removed and added lines of one block are paired.
 */
import type { DiffRow } from "../../backend/api";

/** One row of both sides, by index into the unified rows. A whole row spans both. */
export type Pair = { left: number | null; right: number | null; whole: boolean };

export function split(rows: readonly DiffRow[]): Pair[] {
  const pairs: Pair[] = [];
  let removed: number[] = [];
  let added: number[] = [];
  const flush = () => {
    const most = Math.max(removed.length, added.length);
    for (let at = 0; at < most; at += 1)
      pairs.push({ left: removed[at] ?? null, right: added[at] ?? null, whole: false });
    removed = [];
    added = [];
  };
  rows.forEach((row, index) => {
    switch (row.kind) {
      case "removed":
        // A line that is removed after an added one begins another block.
        if (added.length > 0) flush();
        removed.push(index);
        return;
      case "added":
        added.push(index);
        return;
      case "same":
        flush();
        pairs.push({ left: index, right: index, whole: false });
        return;
      case "hunk":
        flush();
        pairs.push({ left: index, right: null, whole: true });
        return;
      case "note":
        // It is about the last line of one side; the block goes on after it.
        if (removed.length === 0 && added.length === 0) pairs.push({ left: index, right: null, whole: true });
        return;
    }
  });
  flush();
  return pairs;
}
