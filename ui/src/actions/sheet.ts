/**
 * All keys as people read them: those of actions, of inputs and of terminals.
 *
 * Promise: the key sheet of the window and `docs/keys.md` say the same.
 * Must not know: components.
 */
import type { Action, Section } from "./action";
import { ACTIONS } from "./registry";

export type Line = { title: string; keys: readonly string[] };

export const SECTIONS: Section[] = ["Move", "Board", "Session", "Selection", "Review", "Panes", "Window"];

export const INPUTS: Line[] = [
  { title: "Start a session", keys: ["Enter"] },
  { title: "Start and open", keys: ["Shift+Enter"] },
  { title: "New line", keys: ["Ctrl+J", "Alt+Enter"] },
  { title: "Previous prompt (when empty), search prompts", keys: ["Up", "Ctrl+H"] },
  { title: "Agent, repository, worktree", keys: ["@"] },
  { title: "Command, pull request", keys: ["/", "#"] },
  { title: "Shell command, at the start", keys: ["!"] },
  { title: "Answer a request in the peek", keys: ["1 … 9"] },
];

export const TERMINAL: Line[] = [
  { title: "Copy, paste", keys: ["Ctrl+Shift+C", "Ctrl+Shift+V"] },
  { title: "Search", keys: ["Ctrl+Shift+F"] },
  { title: "Interrupt the turn in a conversation", keys: ["Esc"] },
];

/** The lines of one section; `keysOf` says which keys an action has, none where it is not offered. */
export function sectionLines(section: Section, keysOf: (entry: Action) => readonly string[]): Line[] {
  const single = ACTIONS.filter(
    (entry) => entry.section === section && !entry.id.startsWith("open.") && entry.id !== "back.input",
  );
  const all: Line[] = single
    .map((entry) => ({ title: entry.title, keys: keysOf(entry) }))
    .filter((line) => line.keys.length > 0);
  if (section === "Panes") all.push({ title: "Open row 1 to 9", keys: ["Alt+1 … 9"] });
  if (section === "Selection")
    all.push({ title: "Select another row or a range", keys: ["Ctrl+Click", "Shift+Click"] });
  return all;
}
