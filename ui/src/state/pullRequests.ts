/**
 * Pull requests of a session: those it is known to have opened, and those it speaks of.
 *
 * Promise: pure. Must not know: where pull requests are kept.
 */
import type { PullRequest, PullState, SessionView } from "../backend/api";

export type PullRequestLink = { number: number; url: string };

const PULL_URL = /https?:\/\/[^\s/]+\/[^\s/]+\/[^\s/]+\/(?:-\/)?(?:pull|pulls|merge_requests)\/(\d+)/g;

/** Its own pull requests and those in what it was asked and said, newest first. */
export function pullRequestsOf(view: SessionView): PullRequestLink[] {
  const result = view.state.type === "completed" ? view.state.result : "";
  const found = new Map<string, PullRequestLink>(
    view.pullRequests.toReversed().map(({ url, number }) => [url, { url, number }]),
  );
  for (const text of [view.line, result, view.prompt]) {
    if (!text.includes("://")) continue;
    for (const [url, number] of text.matchAll(PULL_URL)) found.set(url, { url, number: Number(number) });
  }
  return [...found.values()];
}

const PULL_STATE_LABELS: Record<PullState, string> = {
  open: "open",
  draft: "draft",
  merged: "merged",
  closed: "closed",
};

export const pullStateLabel = (state: PullState): string => PULL_STATE_LABELS[state];

/** The pull request that matters most now: the newest open one, else the newest. */
export function mainPullRequest(view: SessionView): PullRequest | null {
  const all = view.pullRequests;
  return all.findLast((pull) => pull.state === "open" || pull.state === "draft") ?? all.at(-1) ?? null;
}

/** It waits for a review: its author does not call it a draft. */
export function isReadyForReview(view: SessionView): boolean {
  return view.pullRequests.some((pull) => pull.state === "open");
}

/** Somebody has still to do something about what came of it. */
export function hasOpenPullRequest(view: SessionView): boolean {
  return view.pullRequests.some((pull) => pull.state === "open" || pull.state === "draft");
}
