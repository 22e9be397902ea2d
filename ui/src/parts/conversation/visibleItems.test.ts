/** Windows over long conversations, and matches among all of their items. */
import { expect, test } from "vitest";
import type { ConversationItem } from "../../backend/api";
import { GAP_PX, itemAt, matchesOf, offsetsOf, placeOf, spanOf, WINDOWED_FROM } from "./visibleItems";

const ids = (count: number) => Array.from({ length: count }, (_, at) => String(at));

test("known heights count, others are guessed from them", () => {
  const offsets = offsetsOf(
    ["a", "b", "c"],
    new Map([
      ["a", 100],
      ["b", 50],
    ]),
  );
  expect([...offsets]).toEqual([0, 100 + GAP_PX, 150 + 2 * GAP_PX, 225 + 3 * GAP_PX]);
  expect([itemAt(offsets, -5), itemAt(offsets, 113), itemAt(offsets, 114), itemAt(offsets, 9_999)]).toEqual([
    0, 0, 1, 3,
  ]);
});

test("a short conversation is rendered whole, of a long one what is near", () => {
  expect(spanOf(offsetsOf(ids(WINDOWED_FROM - 1), new Map()), 0, 800).to).toBe(WINDOWED_FROM - 1);
  const offsets = offsetsOf(ids(10_000), new Map());
  const total = offsets[10_000] ?? 0;
  for (const top of [0, total / 2, total, total * 2]) {
    const span = spanOf(offsets, top, 800);
    expect(span.to - span.from).toBeLessThan(60);
    const shown = (offsets[span.to] ?? 0) - (offsets[span.from] ?? 0);
    expect(span.before + shown + span.after).toBeCloseTo(total);
  }
  expect(spanOf(offsets, total, 800).to).toBe(10_000);
});

test("a match is found by its number", () => {
  const said = (text: string): ConversationItem => ({ id: text, at: 0, body: { type: "agent", text } });
  const ends = matchesOf([said("none"), said("an **Apple**, an apple"), said(""), said("apple")], "apple");
  expect([...ends]).toEqual([0, 2, 2, 3]);
  expect([0, 1, 2].map((which) => placeOf(ends, which))).toEqual([
    { item: 1, local: 0 },
    { item: 1, local: 1 },
    { item: 3, local: 0 },
  ]);
});
