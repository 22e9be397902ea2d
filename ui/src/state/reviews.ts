/**
 * The reviews of this window, one for each session. They outlive their panes: a draft and what was looked at stay.
 *
 * Must not know: the DOM, what a review shows.
 */
import type { Backend } from "../backend/api";
import { Review } from "./review.svelte";

export class Reviews {
  private readonly known = new Map<string, Review>();

  constructor(private readonly backend: Backend) {}

  of(session: string): Review {
    let found = this.known.get(session);
    if (!found) {
      found = new Review(this.backend, session);
      this.known.set(session, found);
    }
    return found;
  }
}
