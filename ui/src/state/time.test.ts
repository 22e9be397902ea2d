/** Times for people. */
import { expect, test } from "vitest";
import { age } from "./time";

test.each([
  [0, "now"],
  [59_000, "now"],
  [60_000, "1m"],
  [59 * 60_000, "59m"],
  [3_600_000, "1h"],
  [49 * 3_600_000, "2d"],
  [-5_000, "now"],
])("an age of %d ms reads %s", (passed, expected) => {
  expect(age(1_000_000_000, 1_000_000_000 + passed)).toBe(expected);
});
