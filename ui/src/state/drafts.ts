/**
 * What was begun and not sent, one for each project.
 *
 * Promise: remembered between two starts, bounded. Must not know: the DOM, the input.
 */
import type { Paste } from "./pastes";
import { isString, recall, remember } from "./storage";

export type Draft = { text: string; pastes: Paste[] };

/** More projects than anybody has half a thought about. */
const PROJECTS_MAX = 40;
/** A longer draft is kept in the window, not over its end: the store has a few megabytes for everything. */
const KEPT_MAX_CHARS = 200_000;

const NONE: Draft = { text: "", pastes: [] };

function isPaste(value: unknown): value is Paste {
  return (
    typeof value === "object" &&
    value !== null &&
    "label" in value &&
    isString(value.label) &&
    "text" in value &&
    isString(value.text)
  );
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  return (
    "text" in value &&
    isString(value.text) &&
    "pastes" in value &&
    Array.isArray(value.pastes) &&
    value.pastes.every(isPaste)
  );
}

const isDrafts = (value: unknown): value is Record<string, Draft> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isDraft);

export class Drafts {
  private kept = recall<Record<string, Draft>>("drafts", {}, isDrafts);

  of(project: string): Draft {
    return this.kept[project] ?? NONE;
  }

  /** The newest is the last, so that the oldest go first. */
  keep(project: string, draft: Draft): void {
    const others = Object.entries(this.kept).filter(([known]) => known !== project);
    const size = draft.text.length + draft.pastes.reduce((sum, paste) => sum + paste.text.length, 0);
    const all = draft.text === "" || size > KEPT_MAX_CHARS ? others : [...others, [project, draft] as const];
    this.kept = Object.fromEntries(all.slice(-PROJECTS_MAX));
    remember("drafts", this.kept);
  }
}
