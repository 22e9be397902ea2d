/** Words for people. */
import { expect, test } from "vitest";
import type { AgentView } from "../backend/api";
import { aView } from "./view.fixture";
import {
  aboutWorkplace,
  age,
  baseName,
  limitNote,
  oneLine,
  shortPath,
  signInCommand,
  signInWords,
  strayChanges,
  windowTitle,
  workplace,
  standingNote,
} from "./words";

test.each([
  [0, "now"],
  [59_000, "now"],
  [60_000, "1m"],
  [59 * 60_000, "59m"],
  [3_600_000, "1h"],
  [49 * 3_600_000, "2d"],
  [-5_000, "now"],
])("an age of %d ms reads %s", (passed, expected) => {
  expect(age(1_000_000_000, 1_000_000_000 + passed)).toBe(expected);
});

test("the window's title carries the count", () => {
  expect([0, 1, 2].map(windowTitle)).toEqual(["Nightshift", "1 needs input · Nightshift", "2 need input · Nightshift"]);
});

test("hostile text becomes one calm line", () => {
  expect(oneLine("\u202egnp.exe\u0007 \u001b[31mred\u001b[0m\nnext")).toBe("‹U+202E›gnp.exe‹U+0007› red next");
});

test("paths are shortened", () => {
  expect(baseName("/home/ada/code/")).toBe("code");
  expect(baseName("/")).toBe("/");
  expect(shortPath("/home/ada/code", "/home/ada")).toBe("~/code");
  expect(shortPath("/home/adam", "/home/ada")).toBe("/home/adam");
});

test("a row counts down to the end of a limit", () => {
  const limited = (resets: number | null, continueAt: number | null = null) =>
    aView("a", { state: { type: "failed", error: "limit", trouble: { kind: "usage_limit", resets } }, continueAt });
  expect(limitNote(limited(3 * 60_000), 0)).toBe("resets in 3m");
  expect(limitNote(limited(3 * 60_000, 4 * 60_000), 0)).toBe("resets in 3m · continues in 4m");
  expect(limitNote(limited(3 * 60_000), 3 * 60_000)).toBe("");
  expect(limitNote(limited(null), 0)).toBe("");
  expect(limitNote(aView("b"), 0)).toBe("");
});

test("a session says where it works, why, and what changed beside it", () => {
  const own = {
    type: "worktree" as const,
    path: "",
    directory: "",
    branch: "worktree-a\u0007b",
    mainCheckout: "",
    base: "main",
    baseCommit: "",
    upstream: null,
    behind: 0,
    absent: [],
    absentCount: 0,
    firstPort: null,
    lastPort: null,
    disclosure: "in a worktree",
    settingUp: true,
    changedMeanwhile: ["1", "2", "3", "4", "5"],
    remoteHosts: [],
  };
  const view = aView("a", { cwd: "/home/ada/code", lodging: own });
  expect(workplace(view, "/home/ada")).toBe("~/code · worktree-a‹U+0007›b, setting up");
  expect(aboutWorkplace(view)).toBe("in a worktree");
  expect(strayChanges(view)).toBe("1, 2, 3 and 2 more");
  expect(strayChanges(aView("b"))).toBe("");
  expect(workplace(aView("b", { cwd: "/home/ada/code" }), "/home/ada")).toBe("~/code");
});

test("what keeps a session going is one short note, with when it wakes", () => {
  const loop = { runs: 12, nextAt: 250_000, selfPaced: true, reason: "" };
  const goal = { condition: "tests pass", setAt: 0, turns: 3, state: "pursuing" as const, why: "", until: null };
  const nothing = { goal: null, loop: null, crons: 0, nextCronAt: null, wakeupAt: null, monitors: 0 };
  const noted = (standing: typeof nothing | object, state: "idle" | "working") =>
    standingNote(aView("a", { state: { type: state }, standing: { ...nothing, ...standing } }), 0);
  expect(noted({ loop }, "idle")).toBe("run 12 · in 4m");
  expect(noted({ loop }, "working")).toBe("run 12");
  expect(noted({ goal, monitors: 2 }, "working")).toBe("goal: turn 3 · 2 monitors");
  expect(noted({ goal: { ...goal, state: "met" } }, "idle")).toBe("goal met");
  expect(noted({ nextCronAt: 90_000 }, "idle")).toBe("in 1m");
  expect(standingNote(aView("a"), 0)).toBe("");
});

test("a sign-in is told as it was seen, and its command is found in its words", () => {
  expect(signInCommand("OPENAI_API_KEY, or `codex login`")).toBe("codex login");
  expect(signInCommand("MY_KEY")).toBe("");
  const agent = { signIn: "KEY, or `my login`" } as AgentView;
  const words = [true, false, null].map((signedIn) => signInWords({ ...agent, signedIn }));
  expect(words).toEqual(["signed in", "not signed in", "signs in with KEY, or my login"]);
  expect(signInWords({ ...agent, signIn: "KEY", signedIn: false })).toBe("not signed in: signs in with KEY");
});
