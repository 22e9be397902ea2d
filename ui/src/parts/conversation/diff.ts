/**
 * Line differences between two texts, as hunks with a little context.
 *
 * Promise: pure and bounded; texts over the limit come back as removed and added whole.
 */

export type DiffLine = { kind: "same" | "added" | "removed" | "gap"; text: string; no: number | null };

/** Cells of the comparison table: above this a diff would cost more than a frame. */
const CELLS_MAX = 400_000;
/** Unchanged lines kept around a change. */
const CONTEXT = 3;

export function diffLines(before: string | null, after: string): DiffLine[] {
  const old = before === null || before === "" ? [] : split(before);
  const now = after === "" ? [] : split(after);
  return shorten(number(compare(old, now)));
}

export function countChanges(lines: DiffLine[]): { added: number; removed: number } {
  const count = (kind: DiffLine["kind"]) => lines.filter((line) => line.kind === kind).length;
  return { added: count("added"), removed: count("removed") };
}

function split(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

type Raw = { kind: "same" | "added" | "removed"; text: string };

/** Common beginning and end aside, the longest common subsequence of what is between. */
function compare(old: string[], now: string[]): Raw[] {
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  const most = Math.min(old.length, now.length) - head;
  while (tail < most && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const same = (lines: string[]): Raw[] => lines.map((text) => ({ kind: "same", text }));
  return [
    ...same(old.slice(0, head)),
    ...middle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...same(old.slice(old.length - tail)),
  ];
}

function middle(old: string[], now: string[]): Raw[] {
  const removed = (text: string): Raw => ({ kind: "removed", text });
  const added = (text: string): Raw => ({ kind: "added", text });
  if (old.length * now.length > CELLS_MAX) return [...old.map(removed), ...now.map(added)];
  const width = now.length + 1;
  const table = new Uint32Array((old.length + 1) * width);
  const cell = (i: number, j: number): number => table[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = old[i] === now[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const out: Raw[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const before = old[i];
    const after = now[j];
    if (before !== undefined && before === after) {
      out.push({ kind: "same", text: before });
      i += 1;
      j += 1;
    } else if (before !== undefined && (after === undefined || cell(i + 1, j) >= cell(i, j + 1))) {
      out.push(removed(before));
      i += 1;
    } else if (after !== undefined) {
      out.push(added(after));
      j += 1;
    }
  }
  return out;
}

function number(raw: Raw[]): DiffLine[] {
  let no = 0;
  return raw.map((line) => {
    if (line.kind !== "removed") no += 1;
    return { ...line, no: line.kind === "removed" ? null : no };
  });
}

function shorten(lines: DiffLine[]): DiffLine[] {
  const near = new Set<number>();
  lines.forEach((line, at) => {
    if (line.kind === "same") return;
    for (let k = at - CONTEXT; k <= at + CONTEXT; k += 1) near.add(k);
  });
  const out: DiffLine[] = [];
  lines.forEach((line, at) => {
    if (near.has(at)) out.push(line);
    else if (out.at(-1)?.kind !== "gap") out.push({ kind: "gap", text: "", no: null });
  });
  return out;
}
