/** What is left of pasted text: the same cases as in Rust. */
import { expect, test } from "vitest";
import cases from "./paste.cases.json";
import { pastable } from "./paste";

test.each(cases)("failures_40 $name", ({ text, kept }) => {
  expect(pastable(text)).toBe(kept);
});
