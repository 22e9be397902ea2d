/** Goals in words: bounds as the grammar knows them, and what nobody could prove. */
import { expect, test } from "vitest";
import { doubt, withBounds } from "./standing";

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
  expect(doubt(condition) !== "").toBe(doubted);
});
