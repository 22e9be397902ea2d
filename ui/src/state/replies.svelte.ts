/**
 * What is being written to each session: text, files, and whether it is on its way.
 *
 * Promise: one draft for a session, whichever pane or peek it is written in; it outlives them. What could not be sent
 * stays, and so does what was written meanwhile. Must not know: the DOM, what sending does.
 */
import type { Backend, SessionView } from "../backend/api";
import { Attachments } from "./attachments.svelte";
import { forget, isString, recall, remember } from "./storage";
import { suggestedReply } from "./suggestedReply";
import { unsent } from "./text";

type Send = (view: SessionView, text: string, files: readonly string[]) => Promise<boolean>;

export class Reply {
  text = $state("");
  busy = $state(false);
  readonly files: Attachments;

  constructor(
    backend: Backend,
    private readonly give: Send,
  ) {
    this.files = new Attachments(backend);
  }

  /** True when the session has it. */
  async send(view: SessionView): Promise<boolean> {
    const { text } = this;
    const written = text.trim();
    if (written === "" || this.busy || this.files.busy > 0) return false;
    this.busy = true;
    const sent = await this.give(view, written, this.files.ids);
    this.busy = false;
    if (!sent) return false;
    this.text = unsent(this.text, text);
    this.files.clear();
    return true;
  }

  /** The likely reply, to be edited or sent; false when there is none, or something is written already. */
  suggest(view: SessionView): boolean {
    const text = suggestedReply(view);
    if (text === "" || this.text !== "") return false;
    this.text = text;
    return true;
  }
}

export class Replies {
  private readonly known = new Map<string, Reply>();

  constructor(
    private readonly backend: Backend,
    private readonly give: Send,
  ) {}

  to(session: string): Reply {
    let found = this.known.get(session);
    if (!found) {
      found = new Reply(this.backend, this.give);
      this.known.set(session, found);
    }
    return found;
  }

  /** What is being written goes along when a session moves to another window. */
  handOver(session: string): void {
    remember(`handed.${session}`, this.to(session).text);
  }

  /** Takes what another window handed over. */
  takeOver(session: string): void {
    const handed = recall<string | null>(`handed.${session}`, null, isString);
    if (handed === null) return;
    forget(`handed.${session}`);
    this.to(session).text = handed;
  }
}
