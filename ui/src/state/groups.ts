/**
 * Which group a session belongs to, in which order, and what folds away.
 *
 * Promise: pure; failures and open pull requests never fold; a row placed by hand keeps its place until it leaves.
 * Must not know: the DOM, the backend.
 */
import type { SessionView } from "../backend/api";
import { PHASES } from "./phase";
import { shortPath } from "./paths";
import { hasOpenPullRequest, isReadyForReview } from "./pullRequests";

export type Grouping = "state" | "directory";

export type GroupId = "pinned" | "ready" | "needs-input" | "working" | "completed";

export type Group = {
  /** A `GroupId`, or the key of a directory. */
  id: string;
  title: string;
  /** What will appear here, for an empty group. */
  promise: string;
  all: SessionView[];
  /** What is shown when the group is open. */
  shown: SessionView[];
  folded: number;
};

export type Arrangement = {
  by: Grouping;
  /** Whether a group shows what would fold. */
  unfolded: (group: string) => boolean;
  /** Rows that were placed by hand, in their order. */
  placed: (group: string) => readonly string[];
  home: string;
};

/** Completed rows shown before the rest folds: about a third of a small window. */
export const COMPLETED_SHOWN = 6;

/** Begins the id of a directory's group. */
const DIRECTORY = "directory:";

const STATE_GROUPS: { id: GroupId; title: string; promise: string }[] = [
  { id: "pinned", title: "Pinned", promise: "" },
  { id: "ready", title: "Ready for review", promise: "" },
  {
    id: "needs-input",
    title: "Needs input",
    promise: "Sessions that need your answer appear here.",
  },
  { id: "working", title: "Working", promise: "Running sessions appear here." },
  {
    id: "completed",
    title: "Completed",
    promise: "Finished, failed and stopped sessions appear here.",
  },
];

export function groupOf(view: SessionView): GroupId {
  return view.pinned ? "pinned" : phaseOf(view);
}

export function groupIdOf(view: SessionView, by: Grouping): string {
  const id = groupOf(view);
  return by === "state" || id === "pinned" ? id : DIRECTORY + view.cwd;
}

function phaseOf(view: SessionView): Exclude<GroupId, "pinned"> {
  const { group } = PHASES[view.state.type];
  return group === "completed" && isReadyForReview(view) ? "ready" : group;
}

/** When the newest open request was made; zero without one. */
export function newestNeed(view: SessionView): number {
  if (view.state.type !== "needs_input") return 0;
  return Math.max(0, ...view.state.needs.map((need) => need.since));
}

type Order = (a: SessionView, b: SessionView) => number;

const byId: Order = (a, b) => (a.id < b.id ? -1 : 1);
const newestNeedFirst: Order = (a, b) => newestNeed(b) - newestNeed(a) || byId(a, b);
const latestFirst: Order = (a, b) => b.stateSince - a.stateSince || byId(a, b);
const youngestFirst: Order = (a, b) => b.createdAt - a.createdAt || byId(a, b);

const GROUP_ORDER: GroupId[] = ["ready", "needs-input", "working", "completed"];
const PHASE_ORDERS: Record<GroupId, Order> = {
  pinned: youngestFirst,
  ready: latestFirst,
  "needs-input": newestNeedFirst,
  working: youngestFirst,
  completed: latestFirst,
};

/** In a directory: what waits for a review, what needs input, what works, what has ended. */
const byPhase: Order = (a, b) => {
  const [first, second] = [phaseOf(a), phaseOf(b)];
  if (first !== second) return GROUP_ORDER.indexOf(first) - GROUP_ORDER.indexOf(second);
  return PHASE_ORDERS[first](a, b);
};

export function groupSessions(views: Iterable<SessionView>, how: Arrangement): Group[] {
  const buckets = new Map<string, SessionView[]>();
  for (const view of views) {
    const id = groupIdOf(view, how.by);
    const bucket = buckets.get(id);
    if (bucket) bucket.push(view);
    else buckets.set(id, [view]);
  }
  // An empty board shows what will appear, however it is grouped.
  const byState = how.by === "state" || buckets.size === 0;
  const heads = byState ? STATE_GROUPS : directoryHeads([...buckets.keys()], how.home);
  return heads.map((head) => {
    const order = byState || head.id === "pinned" ? PHASE_ORDERS[head.id as GroupId] : byPhase;
    const sorted = (buckets.get(head.id) ?? []).sort(order);
    const all = withPlaced(sorted, how.placed(head.id));
    const shown = how.unfolded(head.id) || head.id === "pinned" ? all : foldCompleted(all);
    return { ...head, all, shown, folded: all.length - shown.length };
  });
}

function directoryHeads(ids: string[], home: string): { id: string; title: string; promise: string }[] {
  const heads = ids
    .filter((id) => id.startsWith(DIRECTORY))
    .map((id) => ({ id, title: shortPath(id.slice(DIRECTORY.length), home), promise: "" }))
    .sort((a, b) => (a.title < b.title ? -1 : 1));
  return [...STATE_GROUPS.filter((head) => head.id === "pinned"), ...heads];
}

/** What was placed by hand keeps that order; what came since stands before it. */
function withPlaced(sorted: SessionView[], placed: readonly string[]): SessionView[] {
  if (placed.length === 0) return sorted;
  const ranks = new Map(placed.map((id, rank) => [id, rank]));
  const rank = (view: SessionView) => ranks.get(view.id) ?? -1;
  return sorted
    .map((view, at) => ({ view, at }))
    .sort((a, b) => rank(a.view) - rank(b.view) || a.at - b.at)
    .map(({ view }) => view);
}

/** Only what has ended may fold; failures and open pull requests never do. */
function foldCompleted(all: SessionView[]): SessionView[] {
  let ended = 0;
  return all.filter((view) => {
    if (phaseOf(view) !== "completed") return true;
    ended += 1;
    return ended <= COMPLETED_SHOWN || view.state.type === "failed" || hasOpenPullRequest(view);
  });
}
