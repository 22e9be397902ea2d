/**
 * What a person does with one session: answer, reply, interrupt, pin, rename, switch. Each verb exists once.
 *
 * Promise: a verb that failed says so in a toast and changes nothing here.
 * Must not know: the DOM, Tauri, what is selected or open.
 */
import { asFault, fault } from "../backend/api";
import type { AgentView, Answer, Backend, Need, SessionView, Surface } from "../backend/api";
import type { Board } from "./board.svelte";
import { openQuestion } from "./session";
import type { Toasts } from "./toasts.svelte";

/** How long a request has been on the screen: `unseen` by any card, or too `new` to be answered. */
type Shown = (session: string, need: string) => number | "unseen" | "new";

export class SessionActions {
  constructor(
    private readonly backend: Backend,
    private readonly board: Board,
    private readonly toasts: Toasts,
    private readonly agents: () => readonly AgentView[],
    private readonly shownMs: Shown,
  ) {}

  async answer(view: SessionView, need: Need, answer: Answer, shownMs: number): Promise<boolean> {
    return this.learn(this.backend.answer(view.id, need.id, answer, shownMs));
  }

  /** What a person wrote to a session: the answer to its question if that takes words, else a reply. */
  async send(view: SessionView, text: string, files: readonly string[] = []): Promise<boolean> {
    return this.try(() => this.deliver(view, text, files));
  }

  /** The same, rejecting with its fault. */
  async deliver(view: SessionView, text: string, files: readonly string[] = []): Promise<void> {
    const need = openQuestion(view);
    if (need && files.length > 0)
      throw fault("refused", "Files cannot answer a question", "Answer first, then send the files");
    const { backend } = this;
    // A question that no card shows is answered by the supervisor's rule: the only one, and not a new one.
    const shownMs = need ? this.shownMs(view.id, need.id) : "unseen";
    if (shownMs === "new")
      throw fault("refused", "The question has just appeared; nothing was sent", "Read it, then send again");
    const delivered =
      need && shownMs !== "unseen"
        ? backend.answer(view.id, need.id, { type: "text", text }, shownMs)
        : backend.reply(view.id, text, [...files]);
    this.board.learn(await delivered);
  }

  async interrupt(id: string): Promise<boolean> {
    return this.try(() => this.backend.interrupt(id));
  }

  async stop(id: string): Promise<boolean> {
    return this.try(() => this.backend.stop(id));
  }

  /** Where else the session's conversation can go on: its agent has to be installed for that. */
  otherSurface(view: SessionView): Surface | null {
    const agents = this.agents();
    const { counterpart } = agents.find((agent) => agent.id === view.agent) ?? {};
    const other = agents.find((agent) => agent.id === counterpart);
    return other?.installed && view.agentSessionId !== null ? other.surface : null;
  }

  async switchSurface(view: SessionView): Promise<boolean> {
    const surface = this.otherSurface(view);
    return surface !== null && this.learn(this.backend.openAs(view.id, surface));
  }

  /** One of the options of the session's agent: its mode, its model. */
  async choose(view: SessionView, option: string, value: string): Promise<boolean> {
    return this.learn(this.backend.choose(view.id, option, value));
  }

  async togglePin(view: SessionView): Promise<boolean> {
    return this.try(() => this.backend.pin(view.id, !view.pinned));
  }

  /** Whether it continues after its usage limit: the other way round from now. */
  async toggleContinue(view: SessionView): Promise<boolean> {
    const { backend } = this;
    return this.learn(view.continueAt === null ? backend.continueAtReset(view.id) : backend.cancelContinue(view.id));
  }

  async rename(view: SessionView, name: string): Promise<boolean> {
    const wanted = name.trim();
    if (wanted === "" || wanted === view.name) return true;
    return this.try(() => this.backend.rename(view.id, wanted));
  }

  private async learn(changed: Promise<SessionView>): Promise<boolean> {
    return this.try(async () => this.board.learn(await changed));
  }

  private async try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      this.toasts.show(asFault(thrown));
      return false;
    }
  }
}
