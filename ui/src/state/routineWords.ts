/**
 * What the window says of routines and their runs: health, outcomes, times in a routine's own zone.
 *
 * Promise: pure. Must not know: the DOM, the clock, who asks.
 */
import type { RecentRun, RoutineView, RunView } from "../backend/api";
import { oneLine } from "./text";

/** How something stands, by colour. */
export type Tone = "good" | "bad" | "warn" | "active" | "off";

const HEALTH: Record<string, { word: string; tone: Tone }> = {
  on_time: { word: "on time", tone: "good" },
  late: { word: "late", tone: "warn" },
  quiet: { word: "quiet", tone: "bad" },
  failing: { word: "failing", tone: "bad" },
  paused: { word: "paused", tone: "off" },
  never_ran: { word: "never ran", tone: "off" },
};

/** A routine that was turned off plans nothing: how it did before does not matter. */
export function healthOf(view: RoutineView): { word: string; tone: Tone } {
  if (!view.enabled) return { word: "disabled", tone: "off" };
  return HEALTH[view.health] ?? { word: oneLine(view.health.replaceAll("_", " ")), tone: "off" };
}

/** Green is only what was judged as done. */
export function runTone(run: Pick<RunView | RecentRun, "state" | "outcome">): Tone {
  if (run.state === "finished") return run.outcome === "met" ? "good" : run.outcome === "not_judged" ? "warn" : "bad";
  if (run.state === "failed") return "bad";
  if (run.state === "skipped" || run.state === "cancelled" || run.state === "abandoned") return "off";
  return "active";
}

const OUTCOMES: Record<string, string> = {
  met: "met",
  not_met: "not met",
  impossible: "impossible",
  not_judged: "not judged",
};

/** The outcome, else the state, in one or two words. */
export function runWord(run: Pick<RunView | RecentRun, "state" | "outcome">): string {
  if (run.state === "finished" && run.outcome !== null) return OUTCOMES[run.outcome] ?? run.outcome;
  return run.state;
}

const LATE: Record<string, string> = {
  asleep: "the machine slept",
  powered_off: "the machine was off",
  supervisor_down: "no supervisor was running",
  clock_set: "the clock was set",
  zone_changed: "the time zone was changed",
  overloaded: "the machine was too busy",
};

/** Why it ended so, without the word that is shown beside it. */
export function runReason(run: RunView): string {
  if (run.state === "finished") {
    const late = run.late_cause === null ? "" : `late: ${LATE[run.late_cause] ?? run.late_cause}`;
    return [oneLine(run.outcome_reason ?? ""), late].filter(Boolean).join(" · ");
  }
  if (run.state === "failed") return oneLine(run.error?.message ?? run.words);
  const words = oneLine(run.words);
  // The state stands beside it.
  return words.startsWith(run.state) ? words.slice(run.state.length).replace(/^[\s:,]+/, "") : words;
}

export function runAt(run: RunView): number | null {
  return run.due_at ?? run.claimed_at ?? run.finished_at;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `in 4m`, `in 2h 10m`, `in 3d 4h`; what is due within the minute is due now. */
export function countdown(at: number, nowMs: number): string {
  const left = at - nowMs;
  if (left < MINUTE_MS) return "now";
  if (left < HOUR_MS) return `in ${Math.floor(left / MINUTE_MS)}m`;
  const [large, small, units] =
    left < DAY_MS
      ? [Math.floor(left / HOUR_MS), Math.floor((left % HOUR_MS) / MINUTE_MS), ["h", "m"]]
      : [Math.floor(left / DAY_MS), Math.floor((left % DAY_MS) / HOUR_MS), ["d", "h"]];
  return small === 0 ? `in ${large}${units[0]}` : `in ${large}${units[0]} ${small}${units[1]}`;
}

/** `Tue 1 Dec 09:00` as the clocks of `zone` show it; a zone that is not known here reads as the machine's. */
export function zoned(at: number, zone: string): string {
  return format(at, zone, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).replaceAll(",", "");
}

function format(at: number, zone: string, how: Intl.DateTimeFormatOptions): string {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...how, ...(zone === "" ? {} : { timeZone: zone }) }).format(at);
  } catch {
    return new Intl.DateTimeFormat("en-GB", how).format(at);
  }
}

export const machineZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Names to choose from. */
export function knownZones(): string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
}

/** When it runs, in words; by hand where nothing starts it. */
export function triggerWords(view: RoutineView): string {
  const words = view.triggers.map((trigger) => oneLine(trigger.words));
  return words.length === 0 ? "only by hand" : words.join(", ");
}

/** The routine that comes next, of those that anything is planned for. */
export function upNext(views: readonly RoutineView[]): RoutineView | null {
  const planned = views.filter((view) => view.next_run_at !== null);
  return planned.reduce<RoutineView | null>(
    (first, view) => (first === null || (view.next_run_at ?? 0) < (first.next_run_at ?? 0) ? view : first),
    null,
  );
}

/** A name that a file can have: of the first words of what is to be done. */
export function nameFrom(prompt: string, taken: readonly string[]): string {
  const words = prompt.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const name = words.slice(0, 4).join("-").slice(0, 40).replace(/-+$/, "") || "routine";
  if (!taken.includes(name)) return name;
  let n = 2;
  while (taken.includes(`${name}-${n}`)) n += 1;
  return `${name}-${n}`;
}

/** What follows `/schedule` or `/routines` at the beginning of a prompt; null when it does not begin so. */
export function scheduleCommand(text: string): string | null {
  const found = /^\s*\/(?:schedule|routines)(?:\s+([\s\S]*))?$/.exec(text);
  return found ? (found[1] ?? "").trim() : null;
}
