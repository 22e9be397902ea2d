/**
 * What happened in a conversation since it was last looked at.
 *
 * Promise: pure; counted from the items alone, nothing is guessed.
 * Must not know: the DOM, where visits are kept.
 */
import type { ConversationItem, SessionView } from "../../backend/api";
import type { ReadPoint } from "../../state/lastRead";

export type Recap = {
  since: number;
  /** The first item that is new: the divider stands before it. */
  before: string;
  /** `3 tools · 1 question answered · result` */
  summary: string;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function recapOf(items: readonly ConversationItem[], visit: ReadPoint | null, view: SessionView): Recap | null {
  if (!visit) return null;
  const first = items.findIndex((item) => item.at > visit.at);
  const item = items[first];
  const fresh = first < 0 ? [] : items.slice(first);
  // What the user alone has said is no news to them.
  if (!item || fresh.every(({ body }) => body.type === "user")) return null;
  return { since: visit.at, before: item.id, summary: summarise(items, fresh, visit, view) };
}

function summarise(
  items: readonly ConversationItem[],
  fresh: readonly ConversationItem[],
  visit: ReadPoint,
  view: SessionView,
): string {
  const wasOpen = new Set(visit.open);
  const asked = [...items.filter((item) => wasOpen.has(item.id) && !fresh.includes(item)), ...fresh];
  const requests = asked.flatMap(({ body }) => (body.type === "request" ? [body] : []));
  const tools = fresh.filter(({ body }) => body.type === "tool").length;
  const answered = requests.filter((request) => request.answer !== null).length;
  const open = requests.length - answered;
  const said = fresh.filter(({ body }) => body.type === "agent").length;
  const parts = [
    counted(tools, "tool"),
    counted(answered, "question", "answered"),
    counted(open, "question", "open"),
    outcome(view, visit.at),
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(" · ") : counted(said, "message") || counted(fresh.length, "update");
}

function counted(count: number, noun: string, what = ""): string {
  if (count === 0) return "";
  return [`${count} ${noun}${count === 1 ? "" : "s"}`, what].filter(Boolean).join(" ");
}

/** How it ended, if it ended since. */
function outcome(view: SessionView, since: number): string {
  if (view.stateSince <= since) return "";
  const { type } = view.state;
  if (type === "completed") return "result";
  return type === "failed" || type === "stopped" ? type : "";
}

/** `12 min ago`; a clock that was set back reads as a moment. */
export function ago(sinceMs: number, nowMs: number): string {
  const passed = nowMs - sinceMs;
  if (passed < MINUTE_MS) return "a moment ago";
  if (passed < HOUR_MS) return `${Math.floor(passed / MINUTE_MS)} min ago`;
  if (passed < DAY_MS) return `${Math.floor(passed / HOUR_MS)} h ago`;
  const days = Math.floor(passed / DAY_MS);
  return days === 1 ? "a day ago" : `${days} days ago`;
}
