/** What is said of a session. */
import { expect, test } from "vitest";
import { limitNote, windowTitle } from "./session";
import { aView } from "./view.fixture";

test("the window's title carries the count", () => {
  expect([0, 1, 2].map(windowTitle)).toEqual(["Nightshift", "1 needs input · Nightshift", "2 need input · Nightshift"]);
});

test("a row counts down to the end of a limit", () => {
  const limited = (resets: number | null, continueAt: number | null = null) =>
    aView("a", { state: { type: "failed", error: "limit", trouble: { kind: "usage_limit", resets } }, continueAt });
  expect(limitNote(limited(3 * 60_000), 0)).toBe("resets in 3m");
  expect(limitNote(limited(3 * 60_000, 4 * 60_000), 0)).toBe("resets in 3m · continues in 4m");
  expect(limitNote(limited(3 * 60_000), 3 * 60_000)).toBe("");
  expect(limitNote(limited(null), 0)).toBe("");
  expect(limitNote(aView("b"), 0)).toBe("");
});
