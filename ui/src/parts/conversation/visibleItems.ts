/**
 * Which items of a long conversation are rendered, and where a match of a search is among all of them.
 *
 * Promise: pure; short conversations are rendered whole. Must not know: the DOM, how items look.
 */
import type { ConversationItem, ToolContent } from "../../backend/api";

/** Conversations below this are cheap enough to render whole. */
export const WINDOWED_FROM = 200;
/** Rendered above and below what is seen, so that scrolling shows no gaps. */
const OVERSCAN_PX = 1_200;
/** Between two items. */
export const GAP_PX = 14;
/** Height of an item that was never shown, until there are some to judge by. */
const GUESS_PX = 90;

export type Heights = ReadonlyMap<string, number>;
/** `before` and `after` stand for what is not rendered. */
export type Span = { from: number; to: number; before: number; after: number };

/** Where each item begins, the end of the last one included. */
export function offsetsOf(ids: readonly string[], heights: Heights): Float64Array {
  let known = 0;
  let sum = 0;
  for (const height of heights.values()) {
    known += 1;
    sum += height;
  }
  const guess = known === 0 ? GUESS_PX : sum / known;
  const offsets = new Float64Array(ids.length + 1);
  for (const [at, id] of ids.entries()) {
    offsets[at + 1] = (offsets[at] ?? 0) + (heights.get(id) ?? guess) + GAP_PX;
  }
  return offsets;
}

/** The item that `px` falls into. */
export function itemAt(offsets: Float64Array, px: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle + 1] ?? Infinity) <= px) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function spanOf(offsets: Float64Array, top: number, viewport: number): Span {
  const count = offsets.length - 1;
  const total = offsets[count] ?? 0;
  if (count < WINDOWED_FROM) return { from: 0, to: count, before: 0, after: 0 };
  const seen = Math.max(0, Math.min(top, total - viewport));
  const from = itemAt(offsets, seen - OVERSCAN_PX);
  const to = Math.min(count, itemAt(offsets, seen + viewport + OVERSCAN_PX) + 1);
  return { from, to, before: offsets[from] ?? 0, after: total - (offsets[to] ?? total) };
}

/** What can be found in an item, without the marks of Markdown. */
export function wordsOfItem({ body }: ConversationItem): string {
  switch (body.type) {
    case "user":
    case "thought":
    case "note":
      return body.text;
    case "agent":
      return body.text.replace(/[*_`]/g, "");
    case "tool":
      return [body.title, body.input, ...body.content.map(wordsOfContent)].join("\n");
    case "plan":
      return body.entries.map((entry) => entry.text).join("\n");
    case "request":
      return `${body.need.question}\n${body.need.detail}`;
    case "unknown":
      return body.raw;
  }
}

export function wordsOfContent(part: ToolContent): string {
  return part.type === "text" ? part.text : `${part.path}\n${part.old_text ?? ""}\n${part.new_text}`;
}

/** How many matches there are up to the end of each item. */
export function matchesOf(items: readonly ConversationItem[], text: string): Uint32Array {
  const ends = new Uint32Array(items.length);
  const wanted = text.toLowerCase();
  let total = 0;
  for (const [at, item] of items.entries()) {
    const words = wordsOfItem(item).toLowerCase();
    for (let found = words.indexOf(wanted); found >= 0; found = words.indexOf(wanted, found + wanted.length))
      total += 1;
    ends[at] = total;
  }
  return ends;
}

/** The item of match number `which`, and the how manyth it is in there. */
export function placeOf(ends: Uint32Array, which: number): { item: number; local: number } {
  const item = ends.findIndex((end) => end > which);
  return { item, local: which - (ends[item - 1] ?? 0) };
}
