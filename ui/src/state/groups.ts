/**
 * Which group a session belongs to, in which order, and what folds away.
 *
 * Promise: pure; failures never fold.
 * Must not know: the DOM, the backend.
 */
import type { SessionView } from "../backend/api";

export type GroupId = "pinned" | "needs-input" | "working" | "completed";

export type Group = {
  id: GroupId;
  title: string;
  /** What will appear here, for an empty group. */
  promise: string;
  all: SessionView[];
  /** What is shown when the group is open. */
  shown: SessionView[];
  folded: number;
};

/** Completed rows shown before the rest folds: about a third of a small window. */
export const COMPLETED_SHOWN = 6;

const GROUPS: { id: GroupId; title: string; promise: string }[] = [
  { id: "pinned", title: "Pinned", promise: "" },
  {
    id: "needs-input",
    title: "Needs input",
    promise: "Sessions that wait for your answer appear here.",
  },
  { id: "working", title: "Working", promise: "Sessions that are busy right now appear here." },
  {
    id: "completed",
    title: "Completed",
    promise: "Finished, failed and stopped sessions appear here.",
  },
];

export function groupOf(view: SessionView): GroupId {
  if (view.pinned) return "pinned";
  switch (view.state.type) {
    case "needs_input":
      return "needs-input";
    case "starting":
    case "working":
      return "working";
    default:
      return "completed";
  }
}

/** When the newest open request was made; zero without one. */
export function newestNeed(view: SessionView): number {
  if (view.state.type !== "needs_input") return 0;
  return Math.max(0, ...view.state.needs.map((need) => need.since));
}

function order(id: GroupId): (a: SessionView, b: SessionView) => number {
  const byId = (a: SessionView, b: SessionView) => (a.id < b.id ? -1 : 1);
  switch (id) {
    case "needs-input":
      return (a, b) => newestNeed(b) - newestNeed(a) || byId(a, b);
    case "completed":
      return (a, b) => b.stateSince - a.stateSince || byId(a, b);
    case "pinned":
    case "working":
      return (a, b) => b.createdAt - a.createdAt || byId(a, b);
  }
}

export function groupSessions(views: Iterable<SessionView>, unfolded: boolean): Group[] {
  const buckets = new Map<GroupId, SessionView[]>();
  for (const view of views) {
    const id = groupOf(view);
    const bucket = buckets.get(id);
    if (bucket) bucket.push(view);
    else buckets.set(id, [view]);
  }
  return GROUPS.map((group) => {
    const all = (buckets.get(group.id) ?? []).sort(order(group.id));
    const keep = (view: SessionView, index: number) =>
      unfolded || group.id !== "completed" || index < COMPLETED_SHOWN || view.state.type === "failed";
    const shown = all.filter(keep);
    return { ...group, all, shown, folded: all.length - shown.length };
  });
}
