/** What is shown of the board's requests after the items of a conversation. */
import { expect, test } from "vitest";
import type { ConversationItem, Need } from "../../backend/api";
import { requestsOutsideConversation } from "./openRequests";

function aNeed(id: string): Need {
  return {
    id,
    kind: "permission",
    question: "Watch: sleep 9‹U+000A›touch P",
    detail: "sleep 9\ntouch P",
    options: [],
    freeText: false,
    since: 0,
    unshownBytes: 0,
    answered: null,
  };
}

function item(need: Need): ConversationItem {
  return { id: need.id, at: 0, body: { type: "request", need, answer: null } };
}

test("security_08 a monitor's request is shown, and none twice", () => {
  const needs = ["need-1", "monitor-m-0011", "turn-2", "trust-0011"].map(aNeed);
  const ids = (found: Need[]) => found.map((need) => need.id);
  expect(ids(requestsOutsideConversation(needs, [item(aNeed("need-1"))], true))).toEqual([
    "monitor-m-0011",
    "trust-0011",
  ]);
  expect(ids(requestsOutsideConversation(needs, [], true))).toEqual(["need-1", "monitor-m-0011", "trust-0011"]);
  expect(ids(requestsOutsideConversation(needs, [], false))).toEqual(["trust-0011"]);
  const answered = { ...aNeed("monitor-m-0011"), answered: { type: "deny" as const } };
  expect(requestsOutsideConversation([answered], [], true)).toEqual([]);
});
