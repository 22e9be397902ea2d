/** The shared pulse of what works: its rhythm, and when it holds still. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BEAT_MS, Pulse, STILL } from "./pulse.svelte";

let heard: (() => void) | undefined;
const page = { hidden: false, documentElement: { dataset: {} as Record<string, string> } };

beforeEach(() => {
  vi.useFakeTimers();
  page.hidden = false;
  page.documentElement.dataset = {};
  vi.stubGlobal("document", {
    get hidden() {
      return page.hidden;
    },
    documentElement: page.documentElement,
    addEventListener: (_: string, on: () => void) => (heard = on),
    removeEventListener: () => (heard = undefined),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The levels of the next `beats`. */
function levels(pulse: Pulse, beats: number): number[] {
  return Array.from({ length: beats }, () => {
    vi.advanceTimersByTime(BEAT_MS);
    return pulse.level;
  });
}

test("it goes up and down for as long as somebody shows it", () => {
  const pulse = new Pulse();
  const [first, second] = [pulse.show(), pulse.show()];
  expect(levels(pulse, 5)).toEqual([0.27, 0.42, 0.27, 0.12, 0.27]);
  first();
  expect(new Set(levels(pulse, 4)).size).toBe(3);
  second();
  expect(new Set(levels(pulse, 8)).size).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("a hidden window and reduced motion hold it still", () => {
  const pulse = new Pulse();
  const end = pulse.show();
  page.hidden = true;
  heard?.();
  expect(vi.getTimerCount()).toBe(0);
  page.hidden = false;
  heard?.();
  page.documentElement.dataset["motion"] = "reduced";
  expect(levels(pulse, 3)).toEqual([STILL, STILL, STILL]);
  end();
  expect(heard).toBeUndefined();
});
