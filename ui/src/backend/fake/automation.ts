/**
 * Goals, loops and cron tasks of the simulation: kept, shown, stopped; nothing of it ever fires.
 *
 * Must not know: views.
 */
import { fault, type Goal, type StandingAct, type StandingResult, type StandingView } from "../api";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const TURNS = 50;
const HOURS = 8;

function seeded(at: number): StandingView {
  return {
    goal: null,
    lastGoal: null,
    loop: {
      id: "a1b2c3d4",
      prompt: { type: "given", text: "look at the nightly build and mend what broke" },
      pace: { type: "self_paced" },
      startedAt: at - 5 * HOUR_MS,
      expiresAt: at + 160 * HOUR_MS,
      runs: 12,
      running: null,
      nextAt: at + 4 * MINUTE_MS + 20_000,
      reason: "the build takes a quarter of an hour",
      fallback: false,
      plan: "",
    },
    crons: [
      {
        id: "c0ffee12",
        cron: "0 9 * * 1-5",
        prompt: "write the summary of the night",
        recurring: true,
        durable: false,
        createdAt: at - 30 * HOUR_MS,
        expiresAt: at + 138 * HOUR_MS,
        dueAt: at + 2 * HOUR_MS,
        fireAt: at + 2 * HOUR_MS,
        runs: 1,
        lastRunAt: null,
        plan: "",
        humanSchedule: "at 09:00 on weekdays",
      },
    ],
    wakeup: null,
    monitors: [
      {
        id: "m1",
        description: "errors in the build log",
        source: "tail -f build.log | grep error",
        persistent: true,
        startedAt: at - HOUR_MS,
        deadlineAt: null,
        lines: 3,
        lastLines: [],
      },
    ],
    cronDisabled: false,
  };
}

const none = (): StandingView => ({
  goal: null,
  lastGoal: null,
  loop: null,
  crons: [],
  wakeup: null,
  monitors: [],
  cronDisabled: false,
});

/** The generated type calls for fields that only other results have. */
const DONE = { type: "done" } as StandingResult;

export class FakeAutomation {
  private readonly kept = new Map<string, StandingView>();

  constructor(private readonly isSeeded: (session: string) => boolean) {}

  endMonitor(session: string, id: string): void {
    const view = this.kept.get(session);
    if (view) view.monitors = view.monitors.filter((monitor) => monitor.id !== id);
  }

  act(session: string, act: StandingAct): StandingResult {
    const at = Date.now();
    const view = this.kept.get(session) ?? (this.isSeeded(session) ? seeded(at) : none());
    this.kept.set(session, view);
    switch (act.type) {
      case "show":
        return { type: "all", ...structuredClone(view) };
      case "goal_set":
        view.goal = goal(act.condition, act.check, at);
        return { type: "goal", goal: view.goal, last: null, words: "" };
      case "goal_clear":
        if (view.goal) view.lastGoal = { goal: view.goal, at, how: "cleared", why: "" };
        view.goal = null;
        return DONE;
      case "loop_start":
        if (/^5s/.test(act.text)) throw fault("invalid", "5s is shorter than a minute", "write 1m");
        view.loop = {
          ...(seeded(at).loop as NonNullable<StandingView["loop"]>),
          prompt: { type: "given", text: act.text },
          runs: 0,
        };
        return DONE;
      case "loop_stop":
        view.loop = null;
        return DONE;
      case "cron_delete":
        view.crons = view.crons.filter((task) => task.id !== act.id);
        return DONE;
      default:
        return DONE;
    }
  }
}

function goal(condition: string, check: string | null, at: number): Goal {
  return {
    condition,
    check,
    setAt: at,
    readyAt: null,
    bounds: { turns: TURNS, ms: HOURS * HOUR_MS, notBefore: null },
    phase: { type: "pursuing" },
    countedFrom: at,
    turns: 0,
    idleTurns: 0,
    sameReason: 0,
    checkIns: 0,
    failures: 0,
    spent: { tokens: 0, micros: null },
    evaluator: "",
    verdicts: [],
    advice: [],
  };
}
