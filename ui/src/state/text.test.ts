/** Text in one line. */
import { expect, test } from "vitest";
import { oneLine } from "./text";

test("hostile text becomes one calm line", () => {
  expect(oneLine("\u202egnp.exe\u0007 \u001b[31mred\u001b[0m\nnext")).toBe("‹U+202E›gnp.exe‹U+0007› red next");
});
