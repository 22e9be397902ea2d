/**
 * Which rows of a long list are rendered.
 *
 * Promise: pure; short lists are rendered whole, long ones as what is near the viewport.
 */

/** Lists below this are cheap enough to render whole. */
export const VIRTUAL_FROM = 50;
/** Rows rendered above and below what is seen, so that fast scrolling shows no gaps. */
export const OVERSCAN = 10;

export function slice(count: number, scrolled: number, viewport: number, rowPx: number): { from: number; to: number } {
  if (count < VIRTUAL_FROM) return { from: 0, to: count };
  const first = Math.floor(scrolled / rowPx) - OVERSCAN;
  const last = Math.ceil((scrolled + viewport) / rowPx) + OVERSCAN;
  const from = Math.max(0, Math.min(first, count));
  return { from, to: Math.max(from, Math.min(last, count)) };
}
