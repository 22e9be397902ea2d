/**
 * Where rows and the blocks between them are, in a list that is never rendered whole.
 *
 * Promise: pure; every row has the same height, blocks have fixed heights of their own.
 */
import { slice } from "../board/visibleRows";

export const ROW_PX = 20;

/** Something that stands below row `after`. */
export type Block = { after: number; px: number };

/** Blocks must be in the order of their rows. */
export function topOf(index: number, blocks: readonly Block[]): number {
  let top = index * ROW_PX;
  for (const block of blocks) {
    if (block.after >= index) break;
    top += block.px;
  }
  return top;
}

export function height(count: number, blocks: readonly Block[]): number {
  return topOf(count, blocks);
}

/** The rows to render: at least those in sight. */
export function inSight(
  count: number,
  scrolled: number,
  viewport: number,
  blocks: readonly Block[],
): { from: number; to: number } {
  let above = 0;
  let inside = 0;
  for (const block of blocks) {
    const top = topOf(block.after + 1, blocks);
    if (top + block.px <= scrolled) above += block.px;
    else if (top < scrolled + viewport) inside += block.px;
  }
  const seen = slice(count, Math.max(0, scrolled - above - inside), viewport + inside, ROW_PX);
  return seen;
}
