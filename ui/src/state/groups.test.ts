/** Groups: membership, order, folding. */
import { expect, test } from "vitest";
import type { Need, SessionView, State } from "../backend/api";
import { COMPLETED_SHOWN, groupSessions, type GroupId } from "./groups";
import { aView as view } from "./view.fixture";

function asking(...since: number[]): State {
  const needs = since.map(
    (at): Need => ({
      id: String(at),
      kind: "question",
      question: "?",
      detail: "",
      options: [],
      freeText: true,
      since: at,
      answered: null,
    }),
  );
  return { type: "needs_input", needs };
}

const shown = (views: SessionView[], id: GroupId, unfolded = false) =>
  groupSessions(views, unfolded)
    .find((group) => group.id === id)
    ?.shown.map((row) => row.id);

test("each state has its group and a pin wins", () => {
  const views = [
    view("a", { state: { type: "starting" } }),
    view("b", { state: asking(1) }),
    view("c", { state: { type: "idle" } }),
    view("d", { state: { type: "failed", error: "" } }),
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
  views.push(view("oldest-failure", { stateSince: 1, state: { type: "failed", error: "" } }));
  const [group] = groupSessions(views, false).filter((known) => known.id === "completed");
  expect(group?.shown.at(-1)?.id).toBe("oldest-failure");
  expect(group?.folded).toBe(4);
  expect(shown(views, "completed", true)).toHaveLength(views.length);
});
