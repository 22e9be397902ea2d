/** Which rows of a long list are rendered. */
import { expect, test } from "vitest";
import { OVERSCAN, slice, VIRTUAL_FROM } from "./visibleRows";

test("short lists are whole", () => {
  expect(slice(VIRTUAL_FROM - 1, 9_999, 500, 38)).toEqual({ from: 0, to: VIRTUAL_FROM - 1 });
});

test.each([
  [-400, 0],
  [0, 0],
  [38 * 500, 500 - OVERSCAN],
  [38 * 5_000, 1_000],
])("scrolled by %d the slice begins at %d and stays within the list", (scrolled, from) => {
  const part = slice(1_000, scrolled, 760, 38);
  expect(part.from).toBe(from);
  expect(part.to).toBeGreaterThanOrEqual(part.from);
  expect(part.to).toBeLessThanOrEqual(1_000);
  expect(part.to - part.from).toBeLessThan(80);
});
