/**
 * When a conversation was last looked at, and what was open then.
 *
 * Promise: remembered between two starts, for a bounded number of sessions; several windows keep what each
 * other knows.
 * Must not know: the DOM, what a conversation says.
 */
import { isNumber, isStrings, recall, remember } from "./storage";

/** More conversations than anybody comes back to. */
const VISITS_MAX = 200;

export type Visit = {
  at: number;
  /** Requests that waited for an answer when the visit ended. */
  open: string[];
};

type Known = Record<string, Visit>;

function isVisit(value: unknown): value is Visit {
  if (typeof value !== "object" || value === null) return false;
  return "at" in value && isNumber(value.at) && "open" in value && isStrings(value.open);
}

const isKnown = (value: unknown): value is Known =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isVisit);

export class Visits {
  private known: Known = recall("visits", {}, isKnown);

  last(session: string): Visit | null {
    return this.known[session] ?? null;
  }

  leave(session: string, visit: Visit): void {
    const all = Object.entries({ ...this.known, ...recall("visits", {}, isKnown), [session]: visit });
    const kept = all.sort(([, a], [, b]) => b.at - a.at).slice(0, VISITS_MAX);
    this.known = Object.fromEntries(kept);
    remember("visits", this.known);
  }
}
