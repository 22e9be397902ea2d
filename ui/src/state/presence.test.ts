/** What the supervisor hears of who looks at what. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Looking } from "../backend/api";
import { Presence, AWAY_AFTER_MS, REPEAT_MS } from "./presence";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function heard(): { attention: Presence; words: Looking[] } {
  const words: Looking[] = [];
  const attention = new Presence({ looking: async (looking) => void words.push(looking) });
  return { attention, words };
}

test("sessions count while the window has the keyboard, and not when it was left alone", () => {
  const { attention, words } = heard();
  attention.sees(["7c5d0a1b"]);
  attention.focus(true);
  expect(words.at(-1)).toEqual({ attentive: true, away: false, sessions: ["7c5d0a1b"] });
  vi.advanceTimersByTime(AWAY_AFTER_MS);
  expect(words.at(-1)).toEqual({ attentive: false, away: true, sessions: ["7c5d0a1b"] });
  attention.used(Date.now());
  expect(words.at(-1)).toMatchObject({ attentive: true, away: false });
  attention.focus(false);
  expect(words.at(-1)).toMatchObject({ attentive: false, away: false });
  attention.end();
});

test("a window in use says so again, and nothing twice in between", () => {
  const { attention, words } = heard();
  attention.focus(true);
  attention.sees([]);
  const before = words.length;
  attention.used(Date.now() + REPEAT_MS - 1);
  attention.sees([]);
  expect(words.length).toBe(before);
  attention.used(Date.now() + REPEAT_MS);
  expect(words.length).toBe(before + 1);
  attention.end();
});
