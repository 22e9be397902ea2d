/** A long list with blocks in between: what is in sight is always rendered. */
import { expect, test } from "vitest";
import { height, inSight, ROW_PX, topOf, type Block } from "./layout";

const BLOCKS: Block[] = [
  { after: 2, px: 100 },
  { after: 5_000, px: 60 },
];

test("blocks push what is below them", () => {
  expect(topOf(2, BLOCKS)).toBe(2 * ROW_PX);
  expect(topOf(3, BLOCKS)).toBe(3 * ROW_PX + 100);
  expect(height(50_000, BLOCKS)).toBe(50_000 * ROW_PX + 160);
});

test("whatever the scroll, every row in sight is rendered and few others are", () => {
  const viewport = 700;
  for (let scrolled = 0; scrolled < height(50_000, BLOCKS); scrolled += 9_973) {
    const { from, to } = inSight(50_000, scrolled, viewport, BLOCKS);
    expect(from === 0 || topOf(from, BLOCKS) <= scrolled).toBe(true);
    expect(to === 50_000 || topOf(to, BLOCKS) >= scrolled + viewport).toBe(true);
    expect(to - from).toBeLessThan(90);
  }
});
