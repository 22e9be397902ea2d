/** Comments become one message that can be understood by itself. */
import { expect, test } from "vitest";
import type { DiffRow } from "../backend/api";
import { isComments, keyOf, message, type Comment } from "./comments";

const comment = (part: Partial<Comment>): Comment => ({
  key: "k",
  path: "src/a.rs",
  line: 1,
  side: "new",
  quote: "let a = 1;",
  text: "why?",
  ...part,
});
const row = (part: Partial<DiffRow>): DiffRow => ({ kind: "same", old: null, new: null, text: "", marks: [], ...part });

test("the message names file and line, quotes the line, and is in the files' order", () => {
  const text = message([
    comment({ path: "src/b.rs", line: 7, quote: "\tcall()\u001b[31m", text: "two\nlines" }),
    comment({ line: 12, side: "old", quote: "gone" }),
    comment({ line: 3 }),
  ]);
  expect(text).toBe(
    "3 comments on your changes:\n\n" +
      "src/a.rs:3\n> let a = 1;\nwhy?\n\n" +
      "src/a.rs:12 (removed line)\n> gone\nwhy?\n\n" +
      "src/b.rs:7\n> call()[31m\ntwo\nlines",
  );
  expect(message([comment({})])).toMatch(/^A comment on your changes:/);
  expect(message([comment({ quote: "x".repeat(900) })]).length).toBeLessThan(300);
});

test("lines have names, other rows have none", () => {
  expect(keyOf("a", row({ old: 3, new: 4 }))).toBe("new:4:a");
  expect(keyOf("a", row({ old: 3 }))).toBe("old:3:a");
  expect(keyOf("a", row({ kind: "hunk" }))).toBeNull();
});

test("only whole comments are remembered", () => {
  expect(isComments([comment({})])).toBe(true);
  for (const odd of [null, {}, [{}], [{ ...comment({}), line: "1" }], [{ ...comment({}), side: "x" }]])
    expect(isComments(odd)).toBe(false);
});
