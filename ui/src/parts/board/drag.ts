/**
 * Moves a row by hand: pressed and pulled over another one of its group, it takes that one's place.
 *
 * Promise: a click stays a click; touch scrolls; the board scrolls along at its edges.
 * Must not know: groups, what a place means.
 */
import type { Attachment } from "svelte/attachments";

/** Less than this is the hand's tremble. */
const PULL_PX = 6;
/** Near an edge the board scrolls, by this much a frame. */
const EDGE_PX = 36;
const SCROLL_PX = 9;

export function dragRow(id: () => string, onover: (over: string) => void): Attachment<HTMLElement> {
  return (element) => {
    const onpointerdown = (down: PointerEvent) => {
      if (down.button !== 0 || down.pointerType === "touch" || down.ctrlKey || down.metaKey || down.shiftKey) return;
      new Drag(element, down, id, onover);
    };
    element.addEventListener("pointerdown", onpointerdown);
    return () => element.removeEventListener("pointerdown", onpointerdown);
  };
}

class Drag {
  private pulling = false;
  private y: number;
  private over = "";
  private frame = 0;
  private readonly scroller: Element | null;
  private readonly end = new AbortController();

  constructor(
    element: HTMLElement,
    private readonly down: PointerEvent,
    private readonly id: () => string,
    private readonly onover: (over: string) => void,
  ) {
    this.y = down.clientY;
    this.scroller = element.closest("[data-testid=board]");
    const { signal } = this.end;
    // The window hears them: the row itself moves, and its element with it.
    addEventListener("pointermove", (event) => this.move(event), { signal });
    addEventListener("pointerup", () => this.finish(), { signal });
    addEventListener("pointercancel", () => this.finish(), { signal });
    addEventListener("blur", () => this.finish(), { signal });
  }

  private move(event: PointerEvent): void {
    if (event.buttons === 0) return this.finish();
    this.y = event.clientY;
    if (!this.pulling && Math.abs(this.y - this.down.clientY) < PULL_PX) return;
    if (!this.pulling) {
      this.pulling = true;
      document.documentElement.dataset["dragging"] = "row";
      this.frame = requestAnimationFrame(() => this.edge());
    }
    this.update();
  }

  private update(): void {
    const under = document.elementFromPoint(this.down.clientX, this.y)?.closest<HTMLElement>("[data-testid=row]");
    const over = under?.dataset["session"] ?? "";
    // Having just changed places, the row is under the hand itself: then the next one counts again.
    if (over !== this.over && over !== "" && over !== this.id()) this.onover(over);
    this.over = over;
  }

  private edge(): void {
    const box = this.scroller?.getBoundingClientRect();
    if (box && this.y < box.top + EDGE_PX) this.scroller?.scrollBy(0, -SCROLL_PX);
    if (box && this.y > box.bottom - EDGE_PX) this.scroller?.scrollBy(0, SCROLL_PX);
    this.frame = requestAnimationFrame(() => this.edge());
  }

  private finish(): void {
    this.end.abort();
    cancelAnimationFrame(this.frame);
    delete document.documentElement.dataset["dragging"];
  }
}
