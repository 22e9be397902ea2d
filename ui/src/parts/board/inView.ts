/**
 * Keeps something in view: what is selected, and what grows, as long as its reader has not scrolled away from it.
 *
 * Promise: scrolls as little as needed. Must not know: what grows.
 */
import type { Attachment } from "svelte/attachments";

/** What the sticky header and the fade below cover: the same as the `scroll-margin` of a row. */
const COVERED_ABOVE_PX = 36;
const COVERED_BELOW_PX = 30;

export const keepInView: Attachment<HTMLElement> = (element) => {
  const seen = new ResizeObserver(() => {
    const scroller = element.closest("[data-testid=board]");
    if (!scroller) return;
    const { top } = element.getBoundingClientRect();
    const view = scroller.getBoundingClientRect();
    if (top >= view.top && top <= view.bottom) element.scrollIntoView({ block: "nearest" });
  });
  seen.observe(element);
  return () => seen.disconnect();
};

/**
 * Scrolls to a row that is not whole in view. An observer looks after the next layout, so that nobody has to wait
 * for one of its own.
 */
export function revealRow(row: HTMLElement): () => void {
  const root = row.closest("[data-testid=board]");
  const seen = new IntersectionObserver(
    ([entry]) => {
      seen.disconnect();
      if (entry && entry.intersectionRatio < 1) row.scrollIntoView({ block: "nearest" });
    },
    { root, rootMargin: `-${COVERED_ABOVE_PX}px 0px -${COVERED_BELOW_PX}px 0px` },
  );
  seen.observe(row);
  return () => seen.disconnect();
}
