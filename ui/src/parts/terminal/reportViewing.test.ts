/** Looks at the end of a job: told while the window is shown, and only then. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { reportViewing, REPORT_EVERY_MS } from "./reportViewing";

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
  const report = vi.fn();
  const close = reportViewing(report);
  expect(report).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(3 * REPORT_EVERY_MS);
  expect(report).toHaveBeenCalledTimes(4);
  close();
  vi.advanceTimersByTime(3 * REPORT_EVERY_MS);
  page.show(true);
  expect(report).toHaveBeenCalledTimes(4);
});

test("a hidden window looks at nothing, and at once when it is shown", () => {
  const report = vi.fn();
  page.hidden = true;
  const close = reportViewing(report);
  vi.advanceTimersByTime(9 * REPORT_EVERY_MS);
  expect(report).not.toHaveBeenCalled();
  page.show(true);
  expect(report).toHaveBeenCalledTimes(1);
  close();
});
