/** The filter language. */
import { expect, test } from "vitest";
import type { PullRequest, SessionView } from "../backend/api";
import { fitsQuery, parseQuery } from "./query";
import { aView } from "./view.fixture";

const HOME = "/home/ada";

const PULL: PullRequest = { url: "https://github.com/acme/Shop/pull/123", number: 123, state: "open", since: 0 };

const VIEWS: SessionView[] = [
  aView("flaky", { name: "flaky sync test", line: "Waiting on a condition", cwd: "/home/ada/code/atlas" }),
  aView("asks", { agent: "codex", state: { type: "needs_input", needs: [] }, cwd: "/home/ada/code/ledger" }),
  aView("lint", {
    kind: "shell",
    agent: null,
    state: { type: "failed", error: "exited 1", trouble: null },
    prompt: "npm run lint",
  }),
  aView("done", { state: { type: "completed", result: "" }, cwd: "/srv/my site", pullRequests: [PULL] }),
  aView("new", { state: { type: "starting" }, name: "Straße" }),
];

const found = (text: string) => VIEWS.filter((view) => fitsQuery(view, parseQuery(text), HOME)).map((view) => view.id);

test.each([
  ["", ["flaky", "asks", "lint", "done", "new"]],
  ["s:working", ["flaky", "new"]],
  ["s:blocked", ["asks"]],
  ["s:done|failed|stopped", ["lint", "done"]],
  ["s:failed s:done", ["lint", "done"]],
  ["s:wor", ["flaky", "new"]],
  ["s:", ["flaky", "asks", "lint", "done", "new"]],
  ["a:", ["flaky", "asks", "lint", "done", "new"]],
  ["s:nonsense", []],
  ["a:codex", ["asks"]],
  ["#", ["done"]],
  ["#12", ["done"]],
  ["#23", []],
  ["#123 s:done", ["done"]],
  ["https://github.com/acme/shop/pull/123", ["done"]],
  ["https://github.com/acme/shop/pull/123/files", ["done"]],
  ["https://github.com/acme/shop/pull/1234", []],
  ["https://github.com/acme", ["done"]],
  ["a:shell", ["lint"]],
  ["a:codex,shell", ["asks", "lint"]],
  ["d:~/code", ["flaky", "asks"]],
  ["d:ledger", ["asks"]],
  ['d:"my site"', ["done"]],
  ["SYNC flaky", ["flaky"]],
  ['"sync flaky"', []],
  ["condition", ["flaky"]],
  ["run lint", ["lint"]],
  ["straße", ["new"]],
  ["s:working a:codex", []],
  ["a.*(", []],
])("%s", (text, expected) => expect(found(text)).toEqual(expected));

test("what is no state is named", () => {
  expect(parseQuery("s:done|nonsense").unknown).toEqual(["nonsense"]);
});
