/** Line differences. */
import { expect, test } from "vitest";
import { countChanges, diffLines } from "./diff";

const kinds = (before: string | null, after: string) =>
  diffLines(before, after).map((line) => `${{ same: " ", added: "+", removed: "-", gap: "~" }[line.kind]}${line.text}`);

test("a new file is all additions, an emptied one all removals", () => {
  expect(kinds(null, "a\nb\n")).toEqual(["+a", "+b"]);
  expect(kinds("a\nb\n", "")).toEqual(["-a", "-b"]);
});

test("a change keeps what is the same", () => {
  expect(kinds("a\nb\nc\n", "a\nB\nc\nd\n")).toEqual([" a", "-b", "+B", " c", "+d"]);
});

test("far lines become a gap and huge texts stay bounded", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  const changed = lines.with(20, "changed");
  expect(kinds(lines.join("\n"), changed.join("\n"))).toContain("~");
  const huge = Array.from({ length: 5_000 }, (_, index) => `a${index}`).join("\n");
  const other = Array.from({ length: 5_000 }, (_, index) => `b${index}`).join("\n");
  expect(countChanges(diffLines(huge, other))).toEqual({ added: 5_000, removed: 5_000 });
});
