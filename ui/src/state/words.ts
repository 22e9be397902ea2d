/**
 * Short words for people: ages, state names, directory names, counts.
 *
 * Promise: pure. Must not know: the DOM, the clock.
 */
import type { Liveness, Need, SessionView, Source, State } from "../backend/api";

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

const SOURCE_WORDS: Record<Source, string> = {
  user: "you",
  protocol: "protocol",
  marker: "marker line",
  closing_question: "closing question",
  process: "process",
  supervisor: "supervisor",
};

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

/** Control characters and direction overrides would let a name disturb its row. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One calm line out of any text. */
export function oneLine(text: string): string {
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(UNSAFE, " ").trim();
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

/** A turn is under way that `Esc` can interrupt. */
export function isBusy(view: SessionView): boolean {
  return view.state.type === "working" || view.state.type === "needs_input";
}
