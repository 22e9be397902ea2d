/**
 * Whether a request is shown whole, and what may answer it.
 *
 * Promise: the rule is the supervisor's, which refuses what this does not offer.
 */
import type { Need, NeedOption, SessionView } from "./api";

/** It is asked before the session starts, whose conversation does not have it. */
export function asksForTrust(need: Need): boolean {
  return need.id.startsWith("trust-");
}

/** Its turn is over: the agent's own words ask it, and a reply answers. */
export function closedATurn(need: Need): boolean {
  return need.id.startsWith("turn-");
}

/** Nothing of it runs before its repository is trusted. */
export function waitsForTrust(view: SessionView): boolean {
  return view.state.type === "needs_input" && view.state.needs.some(asksForTrust);
}

/** All of the request can be read. */
export function isWhole(need: Need): boolean {
  return (need.unshownBytes ?? 0) === 0;
}

/** Whether one key or one click may choose the option: what is not shown whole is allowed by the typed word only. */
export function isQuick(need: Need, option: NeedOption): boolean {
  return isWhole(need) || option.kind === "reject_once" || option.kind === "reject_always";
}

/** How a request that is not shown whole is answered. */
export function missing(need: Need): string {
  const bytes = `${need.unshownBytes} ${need.unshownBytes === 1 ? "byte is" : "bytes are"} not shown.`;
  if (asksForTrust(need)) return `${bytes} To trust the repository, run “nightshift trust add” in a terminal.`;
  return need.kind === "permission" ? `${bytes} To allow it, type “allow” as a reply.` : `${bytes} Type your answer.`;
}
