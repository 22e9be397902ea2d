/** Completion at the caret, mentions and long pastes, as data. */
import { expect, test } from "vitest";
import { best, mentions, replaced, tokenAt } from "./completion";
import { inUse, isLong, labelFor, unfold } from "./pastes";

test.each<[string, string | null]>([
  ["@", "mention:"],
  ["fix it in @At", "mention:at"],
  ["mail a@b", null],
  ["/go", "command:go"],
  ["look at /etc", null],
  ["see #12", "pull:12"],
  ["! echo @x", null],
  ["plain words", null],
])("%j completes %j", (text, expected) => {
  const token = tokenAt(text, text.length);
  expect(token ? `${token.kind}:${token.query}` : null).toBe(expected);
});

test("a token is replaced in its place and leaves no double space", () => {
  const text = "in @atl fix it";
  const token = tokenAt(text, 7);
  expect(token && replaced(text, token, "")).toEqual({ text: "in fix it", caret: 3 });
  expect(token && replaced(text, token, "x")).toEqual({ text: "in x fix it", caret: 4 });
});

test("the beginning of a name comes before a part of it", () => {
  const names = ["my-atlas", "platlas", "atlas", "ledger"];
  expect(best(names, "atl", (name) => [name], 9)).toEqual(["atlas", "my-atlas", "platlas"]);
});

test("known mentions are taken out, others stay as they were written", () => {
  const known = (name: string) => ["codex", "atlas"].includes(name);
  expect(mentions("@codex fix @src/a.rs in @Atlas", known)).toEqual({
    text: "fix @src/a.rs in",
    names: ["codex", "atlas"],
  });
  expect(mentions("mail a@codex", known)).toEqual({ text: "mail a@codex", names: [] });
});

test("a long paste has a label of its own and comes back whole", () => {
  const long = "line\n".repeat(240);
  const other = "[pasted 240 lines]\n".repeat(240);
  expect([isLong("a\nb"), isLong(long), isLong("x".repeat(2_000))]).toEqual([false, true, true]);
  const first = { label: labelFor(long, []), text: long };
  const second = { label: labelFor(other, [first]), text: other };
  expect([first.label, second.label]).toEqual(["[pasted 240 lines]", "[pasted 240 lines #2]"]);
  const draft = `see ${second.label} and ${first.label}`;
  expect(unfold(draft, [first, second])).toBe(`see ${other} and ${long}`);
  expect(inUse("see [pasted 240 line]", [first, second])).toEqual([]);
});
