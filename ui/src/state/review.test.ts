/** A review's state: pages of one diff, comments that stay, acts that were refused. */
import { expect, test } from "vitest";
import {
  fault,
  type Backend,
  type ChangedFile,
  type Changes,
  type DiffRow,
  type ReviewAct,
  type ReviewResult,
} from "../backend/api";
import { Review } from "./review.svelte";

const file = (path: string): ChangedFile => ({
  path,
  oldPath: null,
  parts: [path],
  status: "modified",
  content: "text",
  added: 1,
  removed: 0,
  staging: "unstaged",
  mode: null,
  unnameable: false,
});
const row = (line: number): DiffRow => ({ kind: "added", old: null, new: line, text: `line ${line}`, marks: [] });

function changes(paths: string[]): Changes {
  const files = paths.map(file);
  const base = { commit: "c0ffee", label: "main", target: "main" };
  return {
    root: "/r",
    branch: "work",
    base,
    commits: [],
    ahead: 0,
    behind: 0,
    files,
    more: 0,
    added: 1,
    removed: 0,
    staged: 0,
    uncommitted: 1,
    draft: "draft",
  };
}

type Answer = (act: ReviewAct) => ReviewResult | Promise<ReviewResult>;

function review(answer: Answer): Review {
  const backend = { review: async (_session: string, act: ReviewAct) => answer(act) };
  return new Review(backend as unknown as Backend, "5e55");
}

/** A file of `total` lines in pages of two; `version` of each page by its order. */
function paged(total: number, version: (asked: number) => number): { answer: Answer; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    answer: (act) => {
      if (act.type === "changes") return { type: "changes", changes: changes(["a", "b"]) };
      if (act.type !== "file") return { type: "done" };
      const rows = [1, 2].map((n) => row(act.from + n)).slice(0, total - act.from);
      return { type: "file", page: { rows, from: act.from, total, version: version(asked++), note: "" } };
    },
  };
}

test("pages join in order, and a diff that changed meanwhile is begun again", async () => {
  const steady = paged(5, () => 1);
  const one = review(steady.answer);
  await one.refresh();
  expect(one.shown?.rows.map((known) => known.new)).toEqual([1, 2, 3, 4, 5]);
  expect([one.shown?.complete, steady.asked()]).toEqual([true, 3]);
  const moving = paged(5, (asked) => (asked < 2 ? asked : 9));
  const two = review(moving.answer);
  await two.refresh();
  expect(two.shown?.rows.map((known) => known.new)).toEqual([1, 2, 3, 4, 5]);
  expect(moving.asked()).toBe(5);
  const never = review(paged(5, (asked) => asked).answer);
  await never.refresh();
  expect(never.shown?.fault?.message).toContain("changes faster");
});

test("a slow answer about an earlier file is not shown", async () => {
  let release: (result: ReviewResult) => void = () => undefined;
  const answer: Answer = (act) => {
    if (act.type === "changes") return { type: "changes", changes: changes(["a", "b"]) };
    if (act.type === "file" && act.path === "a") return new Promise((resolve) => (release = resolve));
    return { type: "file", page: { rows: [row(7)], from: 0, total: 1, version: 1, note: "" } };
  };
  const known = review(answer);
  const first = known.refresh();
  await expect.poll(() => known.path).toBe("a");
  await known.open("b");
  release({ type: "file", page: { rows: [row(1)], from: 0, total: 1, version: 1, note: "" } });
  await first;
  expect([known.shown?.path, known.shown?.rows[0]?.new]).toEqual(["b", 7]);
});

test("comments are kept, changed and dropped; a message that failed loses none", async () => {
  const known = review(paged(3, () => 1).answer);
  await known.refresh();
  known.comment(1);
  known.draft = " why? ";
  known.keep();
  expect(known.comments).toMatchObject([{ path: "a", line: 2, quote: "line 2", text: "why?" }]);
  known.comment(1);
  expect(known.draft).toBe("why?");
  known.draft = "because";
  known.keep();
  await known.send(async () => false);
  expect(known.comments.map((comment) => comment.text)).toEqual(["because"]);
  let said = "";
  await known.send(async (text) => {
    said = text;
    return true;
  });
  expect([known.comments.length, said.includes("a:2\n> line 2\nbecause")]).toEqual([0, true]);
});

test("what was refused says so, and what was typed stays", async () => {
  const steady = paged(1, () => 1);
  const known = review((act) => {
    if (act.type === "commit") throw fault("io", "the hook says no", "mend it");
    return steady.answer(act);
  });
  await known.refresh();
  expect(known.commitMessage).toBe("draft");
  known.commitMessage = "mine";
  await known.act({ type: "commit", message: "mine", all: true, amend: false });
  expect([known.refused?.message, known.commitMessage, known.busy]).toEqual(["the hook says no", "mine", null]);
});

test("of two looks under way the later one counts, whichever is answered first", async () => {
  const release: ((paths: string[]) => void)[] = [];
  const answer: Answer = (act) => {
    if (act.type !== "changes") return { type: "file", page: { rows: [], from: 0, total: 0, version: 1, note: "" } };
    return new Promise((resolve) => release.push((paths) => resolve({ type: "changes", changes: changes(paths) })));
  };
  const known = review(answer);
  const [early, late] = [known.refresh(), known.refresh()];
  release[1]?.(["new"]);
  await late;
  release[0]?.(["old"]);
  await early;
  expect(known.changes?.files.map((one) => one.path)).toEqual(["new"]);
});

test("a comment stays with its line when the diff moves, and with its file when another is opened", async () => {
  let first = 1;
  const answer: Answer = (act) => {
    if (act.type === "changes") return { type: "changes", changes: changes(["a", "b"]) };
    return { type: "file", page: { rows: [row(first)], from: 0, total: 1, version: first, note: "" } };
  };
  const known = review(answer);
  await known.refresh();
  known.comment(0);
  known.draft = "why?";
  first = 9;
  await known.refresh();
  known.keep();
  expect(known.comments.map(({ path, line, quote, text }) => [path, line, quote, text])).toEqual([
    ["a", 1, "line 1", "why?"],
  ]);
  known.comment(0);
  known.draft = "begun";
  await known.open("b");
  expect(known.comments.map(({ path, line, text }) => [path, line, text])).toEqual([
    ["a", 1, "why?"],
    ["a", 9, "begun"],
  ]);
});
