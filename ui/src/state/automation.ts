/**
 * What can wake a session by itself, one line each, and how each of them is stopped.
 *
 * Promise: pure. Must not know: the DOM, who asks.
 */
import type { Goal, GoalSummary, SessionView, StandingAct, StandingView } from "../backend/api";
import { PHASES } from "./phase";
import { oneLine } from "./text";
import { duration } from "./time";

/** One thing that goes on by itself. */
export type Automation = {
  id: string;
  kind: "goal" | "loop" | "cron" | "wakeup" | "monitor";
  title: string;
  /** When it acts next, or why not. */
  when: string;
  /** More to read; may be empty. */
  detail: string;
  /** What stops it. */
  stop: StandingAct | { type: "stop_task"; monitor: string };
};

const next = (at: number | null, nowMs: number): string => {
  if (at === null) return "after this run";
  return at <= nowMs ? "now" : `in ${duration(nowMs, at)}`;
};

export function automationsOf(view: StandingView, nowMs: number): Automation[] {
  const automations: Automation[] = [];
  const { goal, loop, wakeup } = view;
  if (goal)
    automations.push({
      id: "goal",
      kind: "goal",
      title: oneLine(goal.condition),
      when: goalWhen(goal, nowMs),
      detail: lastReason(goal),
      stop: { type: "goal_clear" },
    });
  if (loop) {
    const prompt = loop.prompt.type === "given" ? loop.prompt.text : "the prompt in loop.md";
    const pace =
      loop.pace.type === "fixed"
        ? loop.pace.chosen
        : loop.pace.type === "steady"
          ? `every ${loop.pace.minutes} minutes`
          : "self-paced";
    automations.push({
      id: `loop-${loop.id}`,
      kind: "loop",
      title: oneLine(prompt),
      when: `run ${loop.runs} · ${next(loop.nextAt, nowMs)}`,
      detail: [pace, oneLine(loop.reason)].filter(Boolean).join(" · "),
      stop: { type: "loop_stop" },
    });
  }
  if (wakeup && !loop) {
    automations.push({
      id: "wakeup",
      kind: "wakeup",
      title: oneLine(wakeup.prompt) || "Wake-up",
      when: next(wakeup.at, nowMs),
      detail: oneLine(wakeup.reason),
      stop: { type: "schedule_wakeup", delaySeconds: 0, reason: "", prompt: null, stop: true },
    });
  }
  for (const task of view.crons) {
    const expires =
      task.expiresAt === null
        ? ""
        : `until ${new Date(task.expiresAt).toLocaleDateString([], { day: "numeric", month: "short" })}`;
    automations.push({
      id: `cron-${task.id}`,
      kind: "cron",
      title: oneLine(task.prompt),
      when: next(task.fireAt, nowMs),
      detail: [task.humanSchedule || task.cron, task.recurring ? "" : "once", expires].filter(Boolean).join(" · "),
      stop: { type: "cron_delete", id: task.id },
    });
  }
  for (const monitor of view.monitors) {
    automations.push({
      id: `monitor-${monitor.id}`,
      kind: "monitor",
      title: oneLine(monitor.description),
      when: `${monitor.lines} ${monitor.lines === 1 ? "line" : "lines"}`,
      detail: [
        oneLine(monitor.source),
        monitor.deadlineAt === null ? "" : `ends in ${duration(nowMs, monitor.deadlineAt)}`,
      ]
        .filter(Boolean)
        .join(" · "),
      stop: { type: "stop_task", monitor: monitor.id },
    });
  }
  return automations;
}

function lastReason(goal: Goal): string {
  const verdict = goal.verdicts.at(-1);
  return verdict ? `not yet: ${oneLine(verdict.reason)}` : "not evaluated yet";
}

const HOUR_MS = 3_600_000;

function goalWhen(goal: Goal, nowMs: number): string {
  const turns = `turn ${goal.turns} of ${goal.bounds.turns}`;
  const left = goal.countedFrom + goal.bounds.ms - nowMs;
  const time =
    left > 0 ? `${left < HOUR_MS ? duration(nowMs, nowMs + left) : `${Math.round(left / HOUR_MS)}h`} left` : "";
  switch (goal.phase.type) {
    case "judging":
      return `${turns} · evaluating`;
    case "waiting":
      return `${turns} · checks again ${next(goal.phase.until, nowMs)}: ${oneLine(goal.phase.why)}`;
    case "paused":
      return `${turns} · paused: ${oneLine(goal.phase.why)}`;
    default:
      return [turns, time].filter(Boolean).join(" · ");
  }
}

/** The condition as it is sent, with its bounds in words as the grammar of goals knows them. */
export function withBounds(condition: string, turns: number | null, hours: number | null): string {
  const bounds = [
    turns === null ? "" : `${turns} ${turns === 1 ? "turn" : "turns"}`,
    hours === null ? "" : `${hours} ${hours === 1 ? "hour" : "hours"}`,
  ].filter(Boolean);
  return bounds.length === 0 ? condition.trim() : `${condition.trim()}, or stop after ${bounds.join(" or ")}`;
}

/** A transcript can show output, exit codes and files; it cannot show how something feels. */
const VAGUE =
  /\b(?:good|nice|clean|better|best|fast|faster|robust|beautiful|perfect|production.ready|well.tested|works? (?:well|properly|correctly)|as expected|high quality|user.friendly)\b/i;
const PROVABLE =
  /\b(?:output|prints?|shows?|exits?|exit code|passes|pass|fails?|0 (?:failures|errors|warnings)|exists?|contains?|returns?|status|merged|opened|committed|pushed|deleted|equals?|reports?|no .* (?:left|remain))\b|["'`]/i;

/** What to warn about in a condition while it is being written; empty when nothing is. */
export function conditionWarning(condition: string): string {
  const text = condition.trim();
  if (text.length < 8) return "";
  const vague = VAGUE.exec(text)?.[0];
  if (vague && !PROVABLE.test(text)) {
    return `A transcript cannot show “${vague}”. Name a command and its expected output, for example: the output of "npm test" shows 0 failures.`;
  }
  return PROVABLE.test(text)
    ? ""
    : "How would the conversation prove it? Name a command and its output, or give a check below.";
}

/** Whether the session has anything that goes on by itself, as its row knows. */
export const hasAutomation = (view: SessionView): boolean => view.standing !== null;

/** When it wakes by itself, while it rests: the loop's next run, else the earliest other thing. */
export function nextRunAt(view: SessionView): number | null {
  const { standing, state } = view;
  if (standing === null || !PHASES[state.type].resting) return null;
  const { loop, wakeupAt, nextCronAt, goal } = standing;
  const times = [loop?.nextAt, wakeupAt, nextCronAt, goal?.until].filter((at): at is number => typeof at === "number");
  return times.length === 0 ? null : Math.min(...times);
}

/** What keeps it going: `run 12 · in 4m`, `goal: turn 3`, `2 monitors`; empty when nothing does. */
export function automationNote(view: SessionView, nowMs: number): string {
  const { standing } = view;
  if (standing === null) return "";
  const { loop, goal, monitors } = standing;
  const next = nextRunAt(view);
  const notes = [
    loop ? `run ${loop.runs}` : "",
    goal ? goalNote(goal) : "",
    monitors > 0 ? `${monitors} ${monitors === 1 ? "monitor" : "monitors"}` : "",
    next === null ? "" : next <= nowMs ? "now" : `in ${duration(nowMs, next)}`,
  ];
  return notes.filter(Boolean).join(" · ");
}

function goalNote(goal: GoalSummary): string {
  switch (goal.state) {
    case "met":
      return "goal met";
    case "impossible":
      return "goal impossible";
    case "paused":
      return "goal paused";
    case "waiting":
      return "goal waiting";
    default:
      return `goal: turn ${goal.turns}`;
  }
}
