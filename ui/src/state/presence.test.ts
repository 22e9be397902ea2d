/** What the supervisor hears of who looks at what. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Looking } from "../backend/api";
import { Presence, AWAY_AFTER_MS, REPEAT_MS } from "./presence";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function heard(): { presence: Presence; words: Looking[] } {
  const words: Looking[] = [];
  const presence = new Presence({ looking: async (looking) => void words.push(looking) });
  return { presence, words };
}

test("sessions count while the window has the keyboard, and not when it was left alone", () => {
  const { presence, words } = heard();
  presence.sees(["7c5d0a1b"]);
  presence.focus(true);
  expect(words.at(-1)).toEqual({ attentive: true, away: false, sessions: ["7c5d0a1b"] });
  vi.advanceTimersByTime(AWAY_AFTER_MS);
  expect(words.at(-1)).toEqual({ attentive: false, away: true, sessions: ["7c5d0a1b"] });
  presence.used(Date.now());
  expect(words.at(-1)).toMatchObject({ attentive: true, away: false });
  presence.focus(false);
  expect(words.at(-1)).toMatchObject({ attentive: false, away: false });
  presence.end();
});

test("a window in use says so again, and nothing twice in between", () => {
  const { presence, words } = heard();
  presence.focus(true);
  presence.sees([]);
  const before = words.length;
  presence.used(Date.now() + REPEAT_MS - 1);
  presence.sees([]);
  expect(words.length).toBe(before);
  presence.used(Date.now() + REPEAT_MS);
  expect(words.length).toBe(before + 1);
  presence.end();
});
