/**
 * The quick window's state: a prompt, a project, what went wrong.
 *
 * Promise: text goes only when its session has started; put away and shown again, it is still there.
 * Must not know: the DOM, the board.
 */
import { asFault, fault } from "../backend/api";
import type { Backend, BoardEvent, Fault, Off, SessionView } from "../backend/api";
import { PROMPT_MIN_CHARS } from "./dispatch.svelte";
import { scheduleCommand } from "./routineWords";
import { isString, recall, remember } from "./storage";
import { shortPath } from "./paths";

/** Projects to choose from. */
const RECENT_MAX = 8;

export class Quick {
  text = $state(recall("quick", "", isString));
  cwd = $state("");
  recent = $state.raw<string[]>([]);
  fault = $state<Fault | null>(null);
  busy = $state(false);
  private home = "";

  constructor(private readonly backend: Backend) {}

  get shell(): boolean {
    return this.text.trimStart().startsWith("!");
  }

  /** It is in front again: which projects were used last. */
  async shown(): Promise<void> {
    this.fault = null;
    try {
      const { home, cwd } = await this.backend.defaults();
      this.home = home;
      this.recent = (await this.lately()).map((directory) => shortPath(directory, home));
      if (this.cwd === "") this.cwd = this.recent[0] ?? shortPath(cwd, home);
    } catch (thrown) {
      this.fault = asFault(thrown);
    }
  }

  /** Directories of the newest sessions, the newest first. */
  private async lately(): Promise<string[]> {
    let take: (sessions: SessionView[]) => void = () => undefined;
    const first = new Promise<SessionView[]>((resolve) => (take = resolve));
    const off: Off = await this.backend.followBoard((event: BoardEvent) => {
      if (event.type === "snapshot") take(event.sessions);
    });
    const sessions = await first;
    off();
    const newest = [...sessions].sort((a, b) => b.createdAt - a.createdAt);
    return [...new Set(newest.map((view) => view.cwd))].slice(0, RECENT_MAX);
  }

  edit(text: string): void {
    this.text = text;
    this.fault = null;
    remember("quick", text);
  }

  choose(cwd: string): void {
    this.cwd = shortPath(cwd.trim(), this.home);
    this.fault = null;
  }

  /** The next or the one before of the projects used last. */
  step(by: -1 | 1): void {
    if (this.recent.length === 0) return;
    const at = this.recent.indexOf(this.cwd);
    const next = (at + by + this.recent.length) % this.recent.length;
    this.cwd = this.recent[next] ?? this.cwd;
  }

  /** True when the session has started. */
  async start(): Promise<boolean> {
    if (this.busy) return false;
    const { shell } = this;
    const planned = shell ? null : scheduleCommand(this.text);
    if (planned !== null) return this.schedule(planned);
    const text = shell ? this.text.trimStart().slice(1).trim() : this.text.trim();
    if (shell ? text === "" : text.length < PROMPT_MIN_CHARS) {
      this.fault = fault("invalid", "The prompt is too short", "Describe the task in a few words");
      return false;
    }
    this.busy = true;
    try {
      await this.backend.dispatch({
        kind: shell ? "shell" : "agent",
        text,
        agent: null,
        model: null,
        name: null,
        permissionMode: null,
        enclosures: [],
        cwd: this.cwd,
      });
      this.edit("");
      return true;
    } catch (thrown) {
      this.fault = asFault(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Goes on in the form, in the board's window. */
  private async schedule(text: string): Promise<boolean> {
    try {
      await this.backend.openSchedule(text, this.cwd);
      this.edit("");
      return true;
    } catch (thrown) {
      this.fault = asFault(thrown);
      return false;
    }
  }

  hide(): void {
    this.backend.hideQuick().catch((thrown: unknown) => (this.fault = asFault(thrown)));
  }
}
