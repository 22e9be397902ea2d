/** Suggested replies, as data. */
import { expect, test } from "vitest";
import type { State } from "../backend/api";
import { closingQuestion, suggestedReply } from "./suggestedReply";
import { aView } from "./view.fixture";

const asking = (
  question: string,
  labels: string[] = [],
  more: { freeText?: boolean; kind?: "permission" } = {},
): State => ({
  type: "needs_input",
  needs: [
    {
      id: "n",
      kind: more.kind ?? "question",
      question,
      detail: "",
      options: labels.map((label, at) => ({ id: String(at), label, kind: "choice" as const })),
      freeText: more.freeText ?? true,
      since: 0,
      unshownBytes: 0,
      answered: null,
    },
  ],
});

test.each<[State, string]>([
  [asking("Should I also update the tests?"), "Yes, update the tests."],
  [asking("All is ready. Do you want me to open a pull request?"), "Yes, open a pull request."],
  [asking("Would you like me to fix the other two as well, or leave it?"), "Yes, fix the other two as well."],
  [asking("Do you prefer tabs or spaces?"), "Tabs"],
  [asking("Is that what you meant?"), "Yes."],
  [asking("Which file is it?"), ""],
  [asking("Keep both tables?", ["Keep both for one release", "Switch in one step"]), "Keep both for one release"],
  [asking("Which?", ["red", "blue (Recommended)"]), "blue"],
  [asking("Run: rm -rf target", ["Allow once"], { kind: "permission", freeText: false }), ""],
  [{ type: "failed", error: "exited 1", trouble: null }, "Try again."],
  [{ type: "failed", error: "limit", trouble: { kind: "usage_limit", resets: null } }, ""],
  [{ type: "completed", result: "Done. Shall I commit it?" }, "Yes, commit it."],
  [{ type: "completed", result: "Done." }, ""],
  [{ type: "idle" }, "Continue where you left off."],
  [{ type: "working" }, ""],
])("%j suggests %j", (state, expected) => {
  expect(suggestedReply(aView("a", { state }))).toBe(expected);
});

test("a shell job takes no reply", () => {
  expect(
    suggestedReply(aView("a", { kind: "shell", state: { type: "failed", error: "exited 1", trouble: null } })),
  ).toBe("");
});

test("only the last sentence counts, and only if it asks", () => {
  expect(closingQuestion("Done? I think so.")).toBe("");
  expect(closingQuestion("I changed `a.rs`.\n\n**Shall I go on?**")).toBe("Shall I go on?");
});
