/**
 * Short words for people: ages, state names, directory names, counts.
 *
 * Promise: pure. Must not know: the DOM, the clock.
 */
import type {
  AgentView,
  GoalSummary,
  Liveness,
  Need,
  PullRequest,
  PullState,
  SessionView,
  Source,
  State,
} from "../backend/api";
import { visible } from "./visible";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `now`, `3m`, `2h`, `4d`. A clock that was set back reads as `now`. */
export function age(sinceMs: number, nowMs: number): string {
  const passed = nowMs - sinceMs;
  if (passed < MINUTE_MS) return "now";
  if (passed < HOUR_MS) return `${Math.floor(passed / MINUTE_MS)}m`;
  if (passed < DAY_MS) return `${Math.floor(passed / HOUR_MS)}h`;
  return `${Math.floor(passed / DAY_MS)}d`;
}

/** What a limit lets wait: `resets in 43m · continues in 44m`; empty when there is none. */
export function limitNote(view: SessionView, nowMs: number): string {
  if (view.state.type !== "failed" || view.state.trouble === null) return "";
  const until = (at: number) => duration(nowMs, at);
  const resets = view.state.trouble.resets;
  const notes = resets === null || resets <= nowMs ? [] : [`resets in ${until(resets)}`];
  if (view.continueAt !== null) notes.push(`continues in ${until(view.continueAt)}`);
  return notes.join(" · ");
}

/** When it wakes by itself, while it rests: the loop's next run, else the earliest other thing. */
export function sleepsUntil(view: SessionView): number | null {
  const { standing, state } = view;
  if (standing === null || !["idle", "completed", "stopped"].includes(state.type)) return null;
  const { loop, wakeupAt, nextCronAt, goal } = standing;
  const times = [loop?.nextAt, wakeupAt, nextCronAt, goal?.until].filter((at): at is number => typeof at === "number");
  return times.length === 0 ? null : Math.min(...times);
}

/** What keeps it going: `run 12 · in 4m`, `goal: turn 3`, `2 monitors`; empty when nothing does. */
export function standingNote(view: SessionView, nowMs: number): string {
  const { standing } = view;
  if (standing === null) return "";
  const { loop, goal, monitors } = standing;
  const next = sleepsUntil(view);
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
      return "goal waits";
    default:
      return `goal: turn ${goal.turns}`;
  }
}

/** A usage limit whose end is known: the session can go on by itself then. */
export function canContinue(view: SessionView): boolean {
  return view.continueAt !== null || (view.state.type === "failed" && view.state.trouble?.resets != null);
}

export function duration(sinceMs: number, nowMs: number): string {
  const text = age(sinceMs, nowMs);
  return text === "now" ? "a moment" : text;
}

const STATE_WORDS: Record<State["type"], string> = {
  starting: "Starting",
  working: "Working",
  needs_input: "Needs input",
  idle: "Idle",
  completed: "Completed",
  failed: "Failed",
  stopped: "Stopped",
};

export const stateWord = (state: State["type"]): string => STATE_WORDS[state];

const LIVENESS_WORDS: Record<Liveness["type"], string> = {
  alive: "process alive",
  gone: "process exited",
  unknown: "process unknown",
};

export const livenessWord = (liveness: Liveness["type"]): string => LIVENESS_WORDS[liveness];

/** In a sentence: whether the process lives, since when and by which number. */
export function livenessSentence(liveness: Liveness, nowMs: number): string {
  const since = duration(liveness.since, nowMs);
  switch (liveness.type) {
    case "alive":
      return `Process ${liveness.pid} has been alive for ${since}.`;
    case "gone":
      return `Its process exited ${since} ago.`;
    case "unknown":
      return [
        `Nightshift cannot tell whether its process is alive, for ${since}: ${oneLine(liveness.why)}`,
        ...(liveness.way_out === "" ? [] : [oneLine(liveness.way_out)]),
      ].join("; ");
  }
}

/** `22:28:19`, with the day in front when it was another one. */
export function clockTime(at: number, nowMs: number): string {
  const then = new Date(at);
  const time = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const sameDay = then.toDateString() === new Date(nowMs).toDateString();
  return sameDay ? time : `${then.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}

const SOURCE_WORDS: Record<Source, string> = {
  user: "you",
  protocol: "protocol",
  hook: "hook",
  terminal: "terminal",
  marker: "marker line",
  closing_question: "closing question",
  process: "process",
  supervisor: "supervisor",
};

/** Whether it is shown as a terminal: a shell job, or an agent in its own. */
export const isTerminal = (view: SessionView): boolean => view.kind === "shell" || view.surface === "terminal";

export const sourceWord = (source: Source): string => SOURCE_WORDS[source];

/** The last part of a path; the path itself for the root. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, "").split("/").pop() || path;
}

/** The path with the home directory as `~`. */
export function shortPath(path: string, home: string): string {
  if (home && path === home) return "~";
  return home && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** Files named in one line; the command line lists them all. */
const NAMED_FILES = 3;

/** Where a session works: `~/code/atlas · worktree-flaky-sync-test`. */
export function workplace(view: SessionView, home: string): string {
  const place = oneLine(shortPath(view.cwd, home));
  if (view.lodging?.type !== "worktree") return place;
  const branch = oneLine(view.lodging.branch);
  return `${place} · ${view.lodging.settingUp ? `${branch}, setting up` : branch}`;
}

/** The same in full sentences: the worktree and what it lacks, or why there is none. */
export function aboutWorkplace(view: SessionView): string {
  if (view.lodging?.type === "worktree") return view.lodging.disclosure;
  return view.lodging?.type === "directory" ? view.lodging.text : "";
}

const PULL_WORDS: Record<PullState, string> = { open: "open", draft: "draft", merged: "merged", closed: "closed" };

export const pullWord = (state: PullState): string => PULL_WORDS[state];

/** The pull request that matters most now: the newest open one, else the newest. */
export function pullOf(view: SessionView): PullRequest | null {
  const all = view.pullRequests;
  return all.findLast((pull) => pull.state === "open" || pull.state === "draft") ?? all.at(-1) ?? null;
}

/** It waits for a review: its author does not call it a draft. */
export function isReady(view: SessionView): boolean {
  return view.pullRequests.some((pull) => pull.state === "open");
}

/** Somebody has still to do something about what came of it. */
export function hasOpenPull(view: SessionView): boolean {
  return view.pullRequests.some((pull) => pull.state === "open" || pull.state === "draft");
}

/** The branch of a session's own worktree, without what all of them begin with; empty without one. */
export function ownBranch(view: SessionView): string {
  return view.lodging?.type === "worktree" ? oneLine(view.lodging.branch).replace(/^worktree-/, "") : "";
}

/** Why its agent takes up nothing of its repository, while it is there; empty where it does, or where nothing runs. */
export function untrustedNote(view: SessionView): string {
  return view.liveness.type === "gone" ? "" : (view.untrusted ?? "");
}

/** `12 KiB`, `3.4 MiB`, `1.2 GiB`. */
export function bytesText(bytes: number): string {
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let amount = bytes / 1024;
  while (amount >= 1000 && at < units.length - 1) {
    amount /= 1024;
    at += 1;
  }
  const text = at === 0 || amount >= 100 ? Math.ceil(amount).toString() : amount.toFixed(1);
  return `${text} ${units[at]}`;
}

/** Files of the main checkout that changed while the session worked elsewhere; empty when none did. */
export function strayChanges(view: SessionView): string {
  const files = view.lodging?.type === "worktree" ? view.lodging.changedMeanwhile : [];
  const named = files.slice(0, NAMED_FILES).map(oneLine).join(", ");
  return files.length > NAMED_FILES ? `${named} and ${files.length - NAMED_FILES} more` : named;
}

export function windowTitle(needing: number): string {
  if (needing === 0) return "Nightshift";
  return `${needing} ${needing === 1 ? "needs" : "need"} input · Nightshift`;
}

/** One calm line out of any text; what is invisible in it is shown. */
export function oneLine(text: string): string {
  return visible(
    text
      .replace(/\u001b\[[0-9;:]*m/g, "")
      .replace(/[\t\n\v\f\r\u2028\u2029]/g, " ")
      .trim(),
  );
}

/** What a person sees of a session's name. */
export function displayName(view: SessionView): string {
  return oneLine(view.name) || view.id;
}

export function isLive(view: SessionView): boolean {
  return view.liveness.type !== "gone";
}

/** The request that words would answer, if it is the first in line. */
export function openQuestion(view: SessionView): Need | null {
  const need = view.state.type === "needs_input" ? view.state.needs[0] : undefined;
  return need?.freeText && !need.answered ? need : null;
}

/** A turn is under way, or waits for an answer. */
export function isBusy(view: SessionView): boolean {
  return view.state.type === "working" || view.state.type === "needs_input";
}

/** The command in what is said of an agent's sign-in: `codex login` of "OPENAI_API_KEY, or `codex login`". */
export function signInCommand(words: string): string {
  return /`([^`]+)`/.exec(words)?.[1] ?? "";
}

/** How an agent is signed in, and whether it is, where a session showed it. */
export function signInWords({ signIn, signedIn }: AgentView): string {
  if (signedIn === true) return "signed in";
  const way = signIn === "" ? "" : `signs in with ${signIn.replaceAll("`", "")}`;
  if (signedIn === null) return way;
  // The command itself stands beside these words, with its button.
  return way === "" || signInCommand(signIn) !== "" ? "not signed in" : `not signed in: ${way}`;
}
