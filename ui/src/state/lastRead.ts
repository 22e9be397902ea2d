/**
 * When a conversation was last looked at, and what was open then.
 *
 * Promise: remembered between two starts, for a bounded number of sessions; several windows keep what each
 * other knows.
 * Must not know: the DOM, what a conversation says.
 */
import { isNumber, isStrings, recall, remember } from "./storage";

/** The name in the store since the first version. */
const STORED_AS = "visits";

/** More conversations than anybody comes back to. */
const SESSIONS_MAX = 200;

export type ReadPoint = {
  at: number;
  /** Requests that waited for an answer when the reader left. */
  open: string[];
};

type Known = Record<string, ReadPoint>;

function isReadPoint(value: unknown): value is ReadPoint {
  if (typeof value !== "object" || value === null) return false;
  return "at" in value && isNumber(value.at) && "open" in value && isStrings(value.open);
}

const isKnown = (value: unknown): value is Known =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isReadPoint);

export class LastRead {
  private known: Known = recall(STORED_AS, {}, isKnown);

  last(session: string): ReadPoint | null {
    return this.known[session] ?? null;
  }

  leave(session: string, point: ReadPoint): void {
    const all = Object.entries({ ...this.known, ...recall(STORED_AS, {}, isKnown), [session]: point });
    const kept = all.sort(([, a], [, b]) => b.at - a.at).slice(0, SESSIONS_MAX);
    this.known = Object.fromEntries(kept);
    remember(STORED_AS, this.known);
  }
}
