/** Looks at the end of a job: told while the window is shown, and only then. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepLooking, LOOK_EVERY_MS } from "./look";

class Page extends EventTarget {
  hidden = false;

  show(shown: boolean) {
    this.hidden = !shown;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

let page: Page;

beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
  vi.stubGlobal("document", page);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a shown end is looked at again and again until it is closed", () => {
  const look = vi.fn();
  const close = keepLooking(look);
  expect(look).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(3 * LOOK_EVERY_MS);
  expect(look).toHaveBeenCalledTimes(4);
  close();
  vi.advanceTimersByTime(3 * LOOK_EVERY_MS);
  page.show(true);
  expect(look).toHaveBeenCalledTimes(4);
});

test("a hidden window looks at nothing, and at once when it is shown", () => {
  const look = vi.fn();
  page.hidden = true;
  const close = keepLooking(look);
  vi.advanceTimersByTime(9 * LOOK_EVERY_MS);
  expect(look).not.toHaveBeenCalled();
  page.show(true);
  expect(look).toHaveBeenCalledTimes(1);
  close();
});
