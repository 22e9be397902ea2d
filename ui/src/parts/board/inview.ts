/**
 * Keeps something that grows in view, as long as its reader has not scrolled away from it.
 *
 * Promise: scrolls as little as needed. Must not know: what grows.
 */
import type { Attachment } from "svelte/attachments";

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
