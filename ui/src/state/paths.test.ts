/** Paths for people. */
import { expect, test } from "vitest";
import { baseName, shortPath } from "./paths";

test("paths are shortened", () => {
  expect(baseName("/home/ada/code/")).toBe("code");
  expect(baseName("/")).toBe("/");
  expect(shortPath("/home/ada/code", "/home/ada")).toBe("~/code");
  expect(shortPath("/home/adam", "/home/ada")).toBe("/home/adam");
});
