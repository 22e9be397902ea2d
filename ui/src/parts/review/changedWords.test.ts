/** Lines are cut at their marks and show what would hide in them. */
import { expect, test } from "vitest";
import { changedWords } from "./changedWords";

test("marks cut a line and lose nothing", () => {
  const cut = changedWords("let a = 1;", [{ from: 4, to: 5 }]);
  expect(cut).toEqual([
    { text: "let ", marked: false },
    { text: "a", marked: true },
    { text: " = 1;", marked: false },
  ]);
  for (const marks of [[], [{ from: 90, to: 99 }], [{ from: 3, to: 3 }]]) {
    expect(
      changedWords("short", marks)
        .map((piece) => piece.text)
        .join(""),
    ).toBe("short");
  }
  expect(changedWords("", [])).toEqual([{ text: "", marked: false }]);
});

test("what hides in code is shown", () => {
  expect(changedWords("a\u202eb\r\u001b", [])[0]?.text).toBe("a⟨U+202E⟩b␍␛");
});
