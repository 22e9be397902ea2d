/** What the window says of routines: health, outcomes, times in their own zone, names, `/schedule`. */
import { expect, test } from "vitest";
import type { RoutineView, RunView } from "../backend/api";
import {
  countdown,
  healthOf,
  nameFrom,
  runReason,
  runTone,
  runWord,
  scheduleCommand,
  upNext,
  zoned,
} from "./routineWords";

const MINUTE = 60_000;

function aRun(part: Partial<RunView>): RunView {
  return {
    id: "run_1",
    routine: "nightly",
    trigger: { kind: "schedule", due_at: 0, replays: null, event: null },
    state: "finished",
    reason: null,
    late_cause: null,
    outcome: "met",
    outcome_reason: "done",
    session: null,
    due_at: 0,
    claimed_at: null,
    started_at: null,
    finished_at: null,
    attempt: 0,
    error: null,
    denials: [],
    words: "",
    events: [],
    ...part,
  };
}

function aRoutine(part: Partial<RoutineView>): RoutineView {
  return {
    id: "trig_1",
    name: "nightly",
    description: "",
    enabled: true,
    paused: false,
    note: null,
    health: "on_time",
    health_reason: "",
    next_run_at: null,
    timezone: "UTC",
    triggers: [],
    last_run: null,
    recent: [],
    problems: [],
    remarks: [],
    ...part,
  };
}

test("green is what was judged as done, and nothing else", () => {
  const tone = (state: string, outcome: string | null) => runTone({ state, outcome });
  expect(tone("finished", "met")).toBe("good");
  expect(tone("finished", "not_met")).toBe("bad");
  expect(tone("finished", "impossible")).toBe("bad");
  expect(tone("finished", "not_judged")).toBe("warn");
  expect(tone("failed", null)).toBe("bad");
  expect(tone("skipped", null)).toBe("off");
  expect(tone("running", null)).toBe("active");
  expect(runWord({ state: "finished", outcome: "not_met" })).toBe("not met");
  expect(runWord({ state: "skipped", outcome: null })).toBe("skipped");
});

test("a run says why it ended so, in words", () => {
  expect(runReason(aRun({ late_cause: "asleep" }))).toBe("done · late: the machine slept");
  const skipped = aRun({ state: "skipped", outcome: null, words: "skipped: the previous run was still going" });
  expect(runReason(skipped)).toBe("the previous run was still going");
  const failed = aRun({ state: "failed", outcome: null, error: { type: "no_start", message: "it is\nnot signed in" } });
  expect(runReason(failed)).toBe("it is not signed in");
});

test("a routine that is off is not judged by how it did", () => {
  expect(healthOf(aRoutine({ health: "failing" }))).toEqual({ word: "failing", tone: "bad" });
  expect(healthOf(aRoutine({ health: "failing", enabled: false })).word).toBe("disabled");
  expect(healthOf(aRoutine({ health: "some_thing" })).word).toBe("some thing");
});

test("times count down and are shown in the routine's own zone", () => {
  expect(countdown(30_000, 0)).toBe("now");
  expect(countdown(4 * MINUTE, 0)).toBe("in 4m");
  expect(countdown(130 * MINUTE, 0)).toBe("in 2h 10m");
  expect(countdown(120 * MINUTE, 0)).toBe("in 2h");
  expect(countdown(76 * 60 * MINUTE, 0)).toBe("in 3d 4h");
  const at = Date.UTC(2026, 11, 1, 8, 0);
  expect(zoned(at, "Europe/Berlin")).toBe("Tue 1 Dec 09:00");
  expect(zoned(at, "America/New_York")).toBe("Tue 1 Dec 03:00");
  expect(zoned(at, "Mars/Base")).toMatch(/^\w{3} 1 Dec \d\d:00$/);
});

test("what comes next is what has the nearest time", () => {
  const views = [
    aRoutine({ name: "a" }),
    aRoutine({ name: "b", next_run_at: 30 }),
    aRoutine({ name: "c", next_run_at: 20 }),
  ];
  expect(upNext(views)?.name).toBe("c");
  expect(upNext([aRoutine({})])).toBe(null);
});

test("a name is made of the first words, and never one that is taken", () => {
  expect(nameFrom("Triage the new issues, and more", [])).toBe("triage-the-new-issues");
  expect(nameFrom("Triage the new issues", ["triage-the-new-issues"])).toBe("triage-the-new-issues-2");
  expect(nameFrom("¿…?", [])).toBe("routine");
  expect(nameFrom("x".repeat(90), []).length).toBe(40);
});

test("/schedule is a command only at the beginning", () => {
  expect(scheduleCommand("/schedule every day at 9 look")).toBe("every day at 9 look");
  expect(scheduleCommand("  /routines")).toBe("");
  expect(scheduleCommand("/schedule\nevery day at 9\nlook")).toBe("every day at 9\nlook");
  expect(scheduleCommand("/scheduled thing")).toBe(null);
  expect(scheduleCommand("what does /schedule do?")).toBe(null);
});
