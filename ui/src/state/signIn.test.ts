/** How agents sign in. */
import { expect, test } from "vitest";
import type { AgentView } from "../backend/api";
import { signInCommand, signInWords } from "./signIn";

test("a sign-in is told as it was seen, and its command is found in its words", () => {
  expect(signInCommand("OPENAI_API_KEY, or `codex login`")).toBe("codex login");
  expect(signInCommand("MY_KEY")).toBe("");
  const agent = { signIn: "KEY, or `my login`" } as AgentView;
  const words = [true, false, null].map((signedIn) => signInWords({ ...agent, signedIn }));
  expect(words).toEqual(["signed in", "not signed in", "signs in with KEY, or my login"]);
  expect(signInWords({ ...agent, signIn: "KEY", signedIn: false })).toBe("not signed in: signs in with KEY");
});
