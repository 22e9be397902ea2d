/**
 * What the window says of a session: its name, its open question, its limit.
 *
 * Promise: pure. Must not know: the DOM, the clock.
 */
import type { Need, SessionView, Source } from "../backend/api";
import { oneLine } from "./text";
import { duration } from "./time";

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

/** Why its agent takes up nothing of its repository, while it is there; empty where it does, or where nothing runs. */
export function untrustedNote(view: SessionView): string {
  return view.liveness.type === "gone" ? "" : (view.untrusted ?? "");
}

export function windowTitle(needing: number): string {
  if (needing === 0) return "Nightshift";
  return `${needing} ${needing === 1 ? "needs" : "need"} input · Nightshift`;
}

/** What a person sees of a session's name. */
export function displayName(view: SessionView): string {
  return oneLine(view.name) || view.id;
}

/** The request that words would answer, if it is the first in line. */
export function openQuestion(view: SessionView): Need | null {
  const need = view.state.type === "needs_input" ? view.state.needs[0] : undefined;
  return need?.freeText && !need.answered ? need : null;
}
