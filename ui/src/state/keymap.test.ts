/** Keys as people write them. */
import { expect, test } from "vitest";
import { clashes, keysOf, normalChord, type Bound } from "./keymap";

test.each([
  ["ctrl+t", "Ctrl+T"],
  ["Shift + Ctrl + f", "Ctrl+Shift+F"],
  ["alt+3", "Alt+3"],
  ["escape", "Esc"],
  ["F2", "F2"],
  ["?", "?"],
  ["x", "x"],
  ["Ctrl++", "Ctrl++"],
  ["Ctrl", ""],
  ["", ""],
])("%j is %j", (text, expected) => {
  expect(normalChord(text)).toBe(expected);
});

const pin: Bound = { id: "pin", keys: ["Ctrl+T"], zones: ["board"] };
const rename: Bound = { id: "rename", keys: ["Ctrl+R", "F2"], zones: ["board", "pane"] };
const find: Bound = { id: "find", keys: ["Ctrl+T"], zones: ["pane"] };

test("set keys replace an action's own, and an empty list leaves none", () => {
  expect(keysOf(pin, undefined)).toEqual(["Ctrl+T"]);
  expect(keysOf(pin, "ctrl+p")).toEqual(["Ctrl+P"]);
  expect(keysOf(pin, ["F3", 7, ""])).toEqual(["F3"]);
  expect(keysOf(pin, [])).toEqual([]);
});

test("a chord clashes only where both may be meant", () => {
  const keys = (one: Bound) => one.keys;
  expect(clashes(rename, "Ctrl+T", [pin, rename, find], keys).map(({ id }) => id)).toEqual(["pin", "find"]);
  expect(clashes(pin, "Ctrl+T", [pin, rename, find], keys)).toEqual([]);
});
