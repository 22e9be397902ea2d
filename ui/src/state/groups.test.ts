/** Groups: membership, order, folding. */
import { expect, test } from "vitest";
import type { Need, PullState, SessionView, State } from "../backend/api";
import { COMPLETED_SHOWN, groupSessions, type Arrangement } from "./groups";
import { aView as view } from "./view.fixture";

function asking(...since: number[]): State {
  const needs = since.map((at): Need => ({
    id: String(at),
    kind: "question",
    question: "?",
    detail: "",
    options: [],
    freeText: true,
    since: at,
    unshownBytes: 0,
    answered: null,
  }));
  return { type: "needs_input", needs };
}

const arranged = (part: Partial<Arrangement> = {}): Arrangement => ({
  by: "state",
  unfolded: () => false,
  placed: () => [],
  home: "/home/ada",
  ...part,
});

const shown = (views: SessionView[], id: string, how: Partial<Arrangement> = {}) =>
  groupSessions(views, arranged(how))
    .find((group) => group.id === id)
    ?.shown.map((row) => row.id);

test("each state has its group and a pin wins", () => {
  const views = [
    view("a", { state: { type: "starting" } }),
    view("b", { state: asking(1) }),
    view("c", { state: { type: "idle" } }),
    view("d", { state: { type: "failed", error: "", trouble: null } }),
    view("e", { state: { type: "stopped" } }),
    view("f", { state: asking(2), pinned: true }),
  ];
  expect(shown(views, "working")).toEqual(["a"]);
  expect(shown(views, "needs-input")).toEqual(["b"]);
  expect(shown(views, "completed")).toEqual(["c", "d", "e"]);
  expect(shown(views, "pinned")).toEqual(["f"]);
});

test("the newest need comes first", () => {
  const views = [view("old", { state: asking(5) }), view("new", { state: asking(1, 9) })];
  expect(shown(views, "needs-input")).toEqual(["new", "old"]);
});

test("completed folds, failures never do", () => {
  const done = (index: number) =>
    view(`d${index}`, { stateSince: 100 - index, state: { type: "completed", result: "" } });
  const views = Array.from({ length: COMPLETED_SHOWN + 4 }, (_, index) => done(index));
  views.push(view("oldest-failure", { stateSince: 1, state: { type: "failed", error: "", trouble: null } }));
  const [group] = groupSessions(views, arranged()).filter((known) => known.id === "completed");
  expect(group?.shown.at(-1)?.id).toBe("oldest-failure");
  expect(group?.folded).toBe(4);
  expect(shown(views, "completed", { unfolded: () => true })).toHaveLength(views.length);
});

test("by directory: the pinned, then each directory with its needs first", () => {
  const home = "/home/ada";
  const views = [
    view("done", { cwd: `${home}/b`, state: { type: "completed", result: "" } }),
    view("busy", { cwd: `${home}/b` }),
    view("asks", { cwd: `${home}/b`, state: asking(1) }),
    view("other", { cwd: `${home}/a` }),
    view("pin", { cwd: `${home}/a`, pinned: true }),
  ];
  const groups = groupSessions(views, arranged({ by: "directory" }));
  expect(groups.map((group) => group.title)).toEqual(["Pinned", "~/a", "~/b"]);
  expect(groups.map((group) => group.all.map((row) => row.id))).toEqual([["pin"], ["other"], ["asks", "busy", "done"]]);
  const empty = groupSessions([], arranged({ by: "directory" }));
  expect(empty.filter((group) => group.promise !== "")).toHaveLength(3);
});

test("rows placed by hand keep their order and a newer need stands before them", () => {
  const views = [view("a", { state: asking(1) }), view("b", { state: asking(2) }), view("c", { state: asking(3) })];
  const placed = () => ["a", "b", "gone"];
  expect(shown(views, "needs-input", { placed })).toEqual(["c", "a", "b"]);
});

test("an open pull request is ready for review unless it works, asks or is a draft, and never folds", () => {
  const pull = (state: PullState) => ({ pullRequests: [{ url: "https://h/a/b/pull/1", number: 1, state, since: 0 }] });
  const ended: State = { type: "completed", result: "" };
  const views = [
    view("open", { state: ended, ...pull("open") }),
    view("works", { ...pull("open") }),
    view("asks", { state: asking(1), ...pull("open") }),
    view("draft", { state: ended, stateSince: -1, ...pull("draft") }),
    view("merged", { state: ended, stateSince: -2, ...pull("merged") }),
    ...Array.from({ length: COMPLETED_SHOWN }, (_, at) => view(`done${at}`, { state: ended, stateSince: at + 1 })),
  ];
  expect(shown(views, "ready")).toEqual(["open"]);
  expect(shown(views, "working")).toEqual(["works"]);
  expect(shown(views, "needs-input")).toEqual(["asks"]);
  const completed = shown(views, "completed") ?? [];
  expect([completed.includes("draft"), completed.includes("merged")]).toEqual([true, false]);
});
