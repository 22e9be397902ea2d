/** Pull requests of a session: its own first, each once. */
import { expect, test } from "vitest";
import { pullRequestsOf } from "./pullRequests";
import { aView } from "./view.fixture";

test("addresses in words are found, on any host, each once", () => {
  const result = "Opened https://git.example.org/a/b/pull/12 after https://gitlab.example.org/a/b/-/merge_requests/7.";
  const view = aView("a", { line: "see https://git.example.org/a/b/pull/12", state: { type: "completed", result } });
  expect(pullRequestsOf(view).map(({ number }) => number)).toEqual([12, 7]);
  expect(pullRequestsOf(aView("b", { line: "issue #12 is no address" }))).toEqual([]);
});
