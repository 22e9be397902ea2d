/**
 * Whether it was the reader who scrolled: by wheel, finger, key, or with the pointer held down.
 *
 * Must not know: what scrolls, where its end is.
 */

/** What a wheel or a key began goes on for about so long where scrolling is smooth. */
const GOES_ON_MS = 700;
const KEYS: ReadonlySet<string> = new Set(["ArrowUp", "PageUp", "Home", "ArrowDown", "PageDown", "End", " ", "Tab"]);

export class Scrolling {
  private until = 0;
  private held = false;

  byReader(nowMs: number): boolean {
    return this.held || nowMs <= this.until;
  }

  /** An attachment of what scrolls. */
  watch = (scroller: HTMLElement): (() => void) => {
    const begun = () => (this.until = performance.now() + GOES_ON_MS);
    const keyed = (event: KeyboardEvent) => KEYS.has(event.key) && begun();
    const down = () => (this.held = true);
    const up = () => {
      if (this.held) begun();
      this.held = false;
    };
    const quiet = { passive: true };
    scroller.addEventListener("wheel", begun, quiet);
    scroller.addEventListener("touchmove", begun, quiet);
    scroller.addEventListener("keydown", keyed);
    scroller.addEventListener("pointerdown", down);
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", up);
    return () => {
      scroller.removeEventListener("wheel", begun);
      scroller.removeEventListener("touchmove", begun);
      scroller.removeEventListener("keydown", keyed);
      scroller.removeEventListener("pointerdown", down);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", up);
    };
  };
}
