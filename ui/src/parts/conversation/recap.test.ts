/** The recap since the last visit. */
import { expect, test } from "vitest";
import type { ConversationItem, ItemBody, Need } from "../../backend/api";
import { aView } from "../../state/view.fixture";
import { ago, recapOf } from "./recap";

const item = (id: string, at: number, body: ItemBody): ConversationItem => ({ id, at, body });
const tool = (id: string, at: number) =>
  item(id, at, { type: "tool", title: "", kind: "read", status: "completed", input: "", content: [] });
const need: Need = {
  id: "n",
  kind: "question",
  question: "?",
  detail: "",
  options: [],
  freeText: true,
  since: 0,
  unshownBytes: 0,
  answered: null,
};
const request = (id: string, at: number, answer: string | null) => item(id, at, { type: "request", need, answer });
const user = (id: string, at: number) =>
  item(id, at, { type: "user", text: "", queued: false, origin: "user", enclosures: [] });

const working = aView("s", { stateSince: 1 });
const done = aView("s", { stateSince: 30, state: { type: "completed", result: "" } });

test("tools, answers and the result since the visit are counted and the divider stands before them", () => {
  const items = [
    user("u", 1),
    request("q", 5, "yes"),
    tool("old", 9),
    tool("a", 11),
    tool("b", 12),
    tool("c", 13),
    request("r", 14, null),
  ];
  const recap = recapOf(items, { at: 10, open: ["q"] }, done);
  expect(recap).toEqual({
    since: 10,
    before: "a",
    summary: "3 tools · 1 question answered · 1 question open · result",
  });
});

test("without a visit, without news, or with the user's own words alone there is nothing to say", () => {
  const items = [user("u", 1), tool("a", 2)];
  expect(recapOf(items, null, done)).toBeNull();
  expect(recapOf(items, { at: 5, open: [] }, done)).toBeNull();
  expect(recapOf([...items, user("v", 6)], { at: 5, open: [] }, working)).toBeNull();
});

test("talk alone is counted as messages", () => {
  const items = [item("m", 6, { type: "agent", text: "" })];
  expect(recapOf(items, { at: 5, open: [] }, working)?.summary).toBe("1 message");
});

test.each([
  [-1, "a moment ago"],
  [59_000, "a moment ago"],
  [12 * 60_000, "12 min ago"],
  [3 * 3_600_000, "3 h ago"],
  [26 * 3_600_000, "a day ago"],
  [50 * 3_600_000, "2 days ago"],
])("%d ms since reads %s", (passed, expected) => expect(ago(1e12, 1e12 + passed)).toBe(expected));
