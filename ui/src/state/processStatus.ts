/**
 * Whether a session's process is alive, in words.
 *
 * Promise: pure; unknown is never shown as exited. Must not know: the DOM, the clock.
 */
import type { Liveness, SessionView } from "../backend/api";
import { oneLine } from "./text";
import { duration } from "./time";

const LABELS: Record<Liveness["type"], string> = {
  alive: "process alive",
  gone: "process exited",
  unknown: "process unknown",
};

export const processStatusLabel = (liveness: Liveness["type"]): string => LABELS[liveness];

/** In a sentence: whether the process lives, since when and by which number. */
export function processStatusSentence(liveness: Liveness, nowMs: number): string {
  const since = duration(liveness.since, nowMs);
  switch (liveness.type) {
    case "alive":
      return `Process ${liveness.pid} has been running for ${since}.`;
    case "gone":
      return `The process exited ${since} ago.`;
    case "unknown":
      return [
        `Nightshift has been unable to tell for ${since} whether the process is alive: ${oneLine(liveness.why)}`,
        ...(liveness.way_out === "" ? [] : [oneLine(liveness.way_out)]),
      ].join("; ");
  }
}

export function isLive(view: SessionView): boolean {
  return view.liveness.type !== "gone";
}
