/**
 * Times for people: ages, durations, clock times.
 *
 * Promise: pure. Must not know: the clock.
 */
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

export function duration(sinceMs: number, nowMs: number): string {
  const text = age(sinceMs, nowMs);
  return text === "now" ? "a moment" : text;
}

/** `22:28:19`, with the day in front when it was another one. */
export function clockTime(at: number, nowMs: number): string {
  const then = new Date(at);
  const time = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const sameDay = then.toDateString() === new Date(nowMs).toDateString();
  return sameDay ? time : `${then.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}
