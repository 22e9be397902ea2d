/** What may answer a request that is not shown whole. */
import { expect, test } from "vitest";
import type { Need, OptionKind } from "./api";
import { asksForTrust, isQuick, isWhole, missing } from "./requests";

const KINDS: OptionKind[] = ["allow_once", "allow_always", "reject_once", "reject_always", "choice"];

function aNeed(unshownBytes: number): Need {
  const options = KINDS.map((kind) => ({ id: kind, label: kind, kind }));
  return {
    id: "n",
    kind: "permission",
    question: "Run",
    detail: "",
    options,
    freeText: false,
    since: 0,
    unshownBytes,
    answered: null,
  };
}

test("security_04 what is not shown whole can be denied by a key and not allowed", () => {
  const quick = (need: Need) => need.options.filter((option) => isQuick(need, option)).map((option) => option.kind);
  expect(quick(aNeed(0))).toEqual(KINDS);
  expect(quick(aNeed(1))).toEqual(["reject_once", "reject_always"]);
  expect([isWhole(aNeed(0)), isWhole(aNeed(1))]).toEqual([true, false]);
  expect(missing(aNeed(12))).toContain("12 bytes");
  expect(missing({ ...aNeed(1), kind: "question" })).toContain("Type your answer");
  const trust = { ...aNeed(3), id: "trust-0011" };
  expect([asksForTrust(trust), asksForTrust(aNeed(3))]).toEqual([true, false]);
  expect(missing(trust)).toContain("nightshift trust add");
});
