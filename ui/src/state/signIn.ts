/**
 * How an agent signs in, in words.
 *
 * Promise: pure. Must not know: the DOM, accounts.
 */
import type { AgentView } from "../backend/api";

/** The command in what is said of an agent's sign-in: `codex login` of "OPENAI_API_KEY, or `codex login`". */
export function signInCommand(words: string): string {
  return /`([^`]+)`/.exec(words)?.[1] ?? "";
}

/** How an agent is signed in, and whether it is, where a session showed it. */
export function signInWords({ signIn, signedIn }: AgentView): string {
  if (signedIn === true) return "signed in";
  const way = signIn === "" ? "" : `signs in with ${signIn.replaceAll("`", "")}`;
  if (signedIn === null) return way;
  // The command itself stands beside these words, with its button.
  return way === "" || signInCommand(signIn) !== "" ? "not signed in" : `not signed in: ${way}`;
}
