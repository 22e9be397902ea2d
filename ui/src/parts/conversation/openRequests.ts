/**
 * What a session asks beside its conversation: whether its repository is trusted, and what a monitor may watch.
 * Its items do not have it, so the board's word is shown after them.
 */
import type { ConversationItem, Need } from "../../backend/api";
import { asksForTrust, closedATurn } from "../../backend/requests";

/** `loaded`: the items are there; before, a request may be among them. */
export function requestsOutsideConversation(needs: Need[], items: ConversationItem[], loaded: boolean): Need[] {
  const shown = new Set(items.flatMap(({ body }) => (body.type === "request" ? [body.need.id] : [])));
  const isOutside = (need: Need) => asksForTrust(need) || (loaded && !closedATurn(need));
  return needs.filter((need) => !need.answered && isOutside(need) && !shown.has(need.id));
}
