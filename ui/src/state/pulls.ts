/**
 * Pull requests of a session: those it is known to have opened, and those it speaks of.
 *
 * Promise: pure. Must not know: where pull requests are kept.
 */
import type { SessionView } from "../backend/api";

export type Pull = { number: number; url: string };

const PULL_URL = /https?:\/\/[^\s/]+\/[^\s/]+\/[^\s/]+\/(?:-\/)?(?:pull|pulls|merge_requests)\/(\d+)/g;

/** Its own pull requests and those in what it was asked and said, newest first. */
export function pullsOf(view: SessionView): Pull[] {
  const result = view.state.type === "completed" ? view.state.result : "";
  const found = new Map<string, Pull>(view.pullRequests.toReversed().map(({ url, number }) => [url, { url, number }]));
  for (const text of [view.line, result, view.prompt]) {
    if (!text.includes("://")) continue;
    for (const [url, number] of text.matchAll(PULL_URL)) found.set(url, { url, number: Number(number) });
  }
  return [...found.values()];
}
