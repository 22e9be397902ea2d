/** Text in one line. */
import { expect, test } from "vitest";
import { oneLine, unsent } from "./text";

test("hostile text becomes one calm line", () => {
  expect(oneLine("\u202egnp.exe\u0007 \u001b[31mred\u001b[0m\nnext")).toBe("‹U+202E›gnp.exe‹U+0007› red next");
});

test("what was written behind a sent text is left of it", () => {
  expect(unsent("first", "first")).toBe("");
  expect(unsent("first, second", "first")).toBe(", second");
  expect(unsent("not first", "first")).toBe("not first");
});
