/**
 * The dispatch input: draft, kind, defaults, history and what went wrong.
 *
 * Promise: text is never lost; it leaves the input only when its session has started.
 * Must not know: the DOM, panes.
 */
import { asFault, fault } from "../backend/api";
import type { AgentView, Backend, Defaults, Fault, SessionView } from "../backend/api";
import { shortPath } from "./words";
import { isString, isStrings, recall, remember } from "./storage";

/** A shorter prompt is a slip of the finger, not a task. */
export const PROMPT_MIN_CHARS = 4;
/** Prompts kept for `↑`. */
export const HISTORY_MAX = 50;
/** Drafts are written this long after the last key. */
const SAVE_AFTER_MS = 250;

export class Dispatch {
  draft = $state(recall("draft", "", isString));
  agentId = $state<string | null>(null);
  mode = $state<string | null>(null);
  cwd = $state("");
  fault = $state<Fault | null>(null);
  busy = $state(false);
  agents = $state.raw<AgentView[]>([]);
  defaults = $state.raw<Defaults>({ cwd: "", home: "", version: "" });
  /** Moves whenever the input shall take the keyboard. */
  focusTurn = $state(0);

  private history = recall("history", [], isStrings);
  private historyAt: number | null = null;
  private save: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly backend: Backend) {}

  get shell(): boolean {
    return this.draft.trimStart().startsWith("!");
  }

  get agent(): AgentView | null {
    const byId = this.agents.find((agent) => agent.id === this.agentId);
    return byId ?? this.agents.find((agent) => agent.isDefault) ?? this.agents[0] ?? null;
  }

  /** The mode that a dispatch would use; none leaves it to the agent. */
  get effectiveMode(): string | null {
    const modes = this.agent?.modes ?? [];
    return this.mode !== null && modes.includes(this.mode) ? this.mode : (modes[0] ?? null);
  }

  async load(): Promise<void> {
    try {
      this.defaults = await this.backend.defaults();
      if (!this.cwd) this.cwd = this.firstCwd();
      this.agents = await this.backend.agents();
    } catch (thrown) {
      // Asked again when the supervisor is back; until then a dispatch would say the same.
      if (asFault(thrown).code !== "unreachable") this.fault = asFault(thrown);
    }
  }

  /** Where the window was started; started without a place, where the user was last. */
  private firstCwd(): string {
    const { cwd, home } = this.defaults;
    return cwd === home ? recall("cwd", "~", isString) : shortPath(cwd, home);
  }

  edit(text: string): void {
    this.draft = text;
    this.fault = null;
    this.historyAt = null;
    this.saveSoon();
  }

  fill(text: string, agent: string | null): void {
    this.edit(text);
    if (agent !== null) this.agentId = agent;
    this.focusTurn += 1;
  }

  chooseCwd(cwd: string): void {
    this.cwd = cwd.trim() || this.firstCwd();
    remember("cwd", this.cwd);
  }

  /** Older (`-1`) or newer (`+1`) prompt; false when there is none that way. */
  recallHistory(by: -1 | 1): boolean {
    const { history } = this;
    const at = this.historyAt ?? history.length;
    const next = at + by;
    if (next < 0 || next > history.length || history.length === 0) return false;
    this.draft = history[next] ?? "";
    this.historyAt = next === history.length ? null : next;
    return true;
  }

  get recalling(): boolean {
    return this.historyAt !== null;
  }

  async submit(): Promise<SessionView | null> {
    if (this.busy) return null;
    const written = this.draft;
    const text = this.shell ? written.trimStart().slice(1).trim() : written.trim();
    this.fault = this.refuse(text);
    if (this.fault) return null;
    this.busy = true;
    try {
      const view = await this.backend.dispatch({
        kind: this.shell ? "shell" : "agent",
        text,
        agent: this.shell ? null : (this.agent?.id ?? null),
        model: null,
        name: null,
        permissionMode: this.shell ? null : this.effectiveMode,
        cwd: this.cwd || this.defaults.cwd,
      });
      this.keep(written);
      // What was typed meanwhile stays.
      this.edit(this.draft === written ? "" : this.draft);
      return view;
    } catch (thrown) {
      this.fault = asFault(thrown);
      return null;
    } finally {
      this.busy = false;
    }
  }

  private refuse(text: string): Fault | null {
    if (this.shell) {
      return text === "" ? fault("invalid", "No command after the !", "Write one, like ! npm test") : null;
    }
    if (text.length >= PROMPT_MIN_CHARS) return null;
    return fault("invalid", "That is too short", "Say in a few words what shall be done, or ! and a command");
  }

  private keep(text: string): void {
    this.history = [...this.history.filter((old) => old !== text), text].slice(-HISTORY_MAX);
    remember("history", this.history);
  }

  private saveSoon(): void {
    clearTimeout(this.save);
    this.save = setTimeout(() => remember("draft", this.draft), SAVE_AFTER_MS);
  }
}
