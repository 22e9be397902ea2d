/** What is noted at each act stands once. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Evidence } from "../backend/api";
import { HOOKS_LEFT_OUT, withoutRepeats } from "./stateHistory";

test("small_truths what is noted at each act is shown once, with how often", () => {
  const seen = (at: number, text: string): Evidence => ({ at, source: "supervisor", state: "completed", text });
  const all = [seen(4, "x"), seen(3, HOOKS_LEFT_OUT), seen(2, "x"), seen(1, HOOKS_LEFT_OUT)];
  expect(withoutRepeats(all)).toEqual([seen(4, "x"), seen(3, `${HOOKS_LEFT_OUT} (2 times)`), seen(2, "x")]);
  expect(withoutRepeats(all.slice(0, 2))).toEqual(all.slice(0, 2));
});

test("the note is the one that the supervisor makes", () => {
  const file = new URL("../../../src-tauri/crates/model/src/values/evidence.rs", import.meta.url);
  expect(readFileSync(file, "utf8")).toContain(`"${HOOKS_LEFT_OUT}"`);
});
