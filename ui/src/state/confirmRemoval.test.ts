/** Deleting sessions: what loses nothing goes, the rest is shown first. */
import { expect, test, vi } from "vitest";
import type { Backend, SessionView, WorktreeState } from "../backend/api";
import { ConfirmRemoval } from "./confirmRemoval.svelte";
import { aView } from "./view.fixture";

const lodging: SessionView["lodging"] = {
  type: "worktree",
  path: "/t",
  directory: "/t",
  branch: "b",
  mainCheckout: "/r",
  base: "main",
  baseCommit: "",
  upstream: null,
  behind: 0,
  absent: [],
  absentCount: 0,
  firstPort: null,
  lastPort: null,
  disclosure: "",
  settingUp: false,
  changedMeanwhile: [],
  remoteHosts: [],
};
const state = (part: Partial<WorktreeState>): WorktreeState => ({
  path: "/t",
  branch: "b",
  uncommitted: [],
  unpushed: [],
  unpushedCount: 0,
  stashes: 0,
  keeps: [],
  blocks: [],
  ...part,
});
const held = { reason: "held", text: "its session" };
const dirty = state({
  uncommitted: ["x"],
  keeps: [held, { reason: "uncommitted", text: "1 uncommitted change (x)" }],
  blocks: [held],
});
const unpushed = { reason: "unpushed", text: "1 unpushed commit" };

function confirmRemoval(states: Record<string, WorktreeState | Error>) {
  const go = vi.fn();
  const inspectWorktree = async (id: string) => {
    const found = states[id] ?? state({});
    if (found instanceof Error) throw found;
    return found;
  };
  return { go, confirmRemoval: new ConfirmRemoval({ inspectWorktree } as unknown as Backend, go) };
}

test("what loses nothing goes at once, also while its process still runs", async () => {
  const { go, confirmRemoval: known } = confirmRemoval({ a: state({ keeps: [held], blocks: [held] }) });
  const views = [aView("a", { lodging }), aView("shell", { kind: "shell" })];
  expect(await known.begin(views)).toBe(false);
  expect(go.mock.calls).toEqual([[views, new Map()]]);
});

test("uncommitted files are shown, and go only when somebody says so", async () => {
  const { go, confirmRemoval: known } = confirmRemoval({ a: dirty });
  const views = [aView("a", { lodging }), aView("b", { lodging })];
  expect(await known.begin(views)).toBe(true);
  expect([go.mock.calls.length, known.asked.map(({ view }) => view.id), known.blocked]).toEqual([0, ["a"], false]);
  known.cancel();
  known.end("discard");
  expect(go).not.toHaveBeenCalled();
  for (const disposal of ["discard", "keep"] as const) {
    await known.begin(views);
    known.end(disposal);
    expect(go).toHaveBeenLastCalledWith(views, new Map([["a", disposal]]));
    expect(known.asked).toEqual([]);
  }
});

test("commits that are nowhere else are shown and may go", async () => {
  const { confirmRemoval: known } = confirmRemoval({ a: state({ keeps: [unpushed] }) });
  expect(await known.begin([aView("a", { lodging })])).toBe(true);
  expect([known.asked.length, known.blocked]).toEqual([1, false]);
});

test("what cannot be read stays whatever is said", async () => {
  const { confirmRemoval: known } = confirmRemoval({ a: new Error("the disk is gone") });
  await known.begin([aView("a", { lodging })]);
  expect([known.asked.length, known.blocked]).toEqual([1, true]);
  expect(known.asked[0]?.state.blocks[0]?.text).toContain("the disk is gone");
});
