/** Goals in words: bounds as the grammar knows them, and what nobody could prove. */
import { aView } from "./view.fixture";
import { expect, test } from "vitest";
import { conditionWarning, withBounds, automationNote } from "./automation";

test.each([
  [null, null, "tests pass"],
  [15, null, "tests pass, or stop after 15 turns"],
  [1, 2, "tests pass, or stop after 1 turn or 2 hours"],
  [null, 1, "tests pass, or stop after 1 hour"],
])("%j turns and %j hours", (turns, hours, expected) => {
  expect(withBounds(" tests pass ", turns, hours)).toBe(expected);
});

test.each([
  ["the code is clean", true],
  ["make it production ready", true],
  ["the refactoring is done everywhere", true],
  ['the output of "npm test" shows 0 failures', false],
  ["cargo test exits 0", false],
  ["short", false],
])("%j is doubted: %j", (condition, doubted) => {
  expect(conditionWarning(condition) !== "").toBe(doubted);
});

test("what keeps a session going is one short note, with when it wakes", () => {
  const loop = { runs: 12, nextAt: 250_000, selfPaced: true, reason: "" };
  const goal = { condition: "tests pass", setAt: 0, turns: 3, state: "pursuing" as const, why: "", until: null };
  const nothing = { goal: null, loop: null, crons: 0, nextCronAt: null, wakeupAt: null, monitors: 0 };
  const noted = (standing: typeof nothing | object, state: "idle" | "working") =>
    automationNote(aView("a", { state: { type: state }, standing: { ...nothing, ...standing } }), 0);
  expect(noted({ loop }, "idle")).toBe("run 12 · in 4m");
  expect(noted({ loop }, "working")).toBe("run 12");
  expect(noted({ goal, monitors: 2 }, "working")).toBe("goal: turn 3 · 2 monitors");
  expect(noted({ goal: { ...goal, state: "met" } }, "idle")).toBe("goal met");
  expect(noted({ nextCronAt: 90_000 }, "idle")).toBe("in 1m");
  expect(automationNote(aView("a"), 0)).toBe("");
});
