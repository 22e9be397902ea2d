/**
 * The dispatch input: draft, kind, defaults, history and what went wrong.
 *
 * Promise: text is never lost; it leaves the input only when its session has started.
 * Must not know: the DOM, panes.
 */
import { asFault, fault } from "../backend/api";
import type { AgentView, Backend, ConfigValue, Defaults, Fault, Place, SessionView } from "../backend/api";
import { mentions } from "./completion";
import { Drafts } from "./drafts";
import { Attachments } from "./attachments.svelte";
import { inUse, labelFor, unfold, type Paste } from "./pastes";
import { baseName, shortPath } from "./paths";
import type { Settings } from "./settings.svelte";
import type { AgentOptions } from "./agentOptions.svelte";
import { isString, isStrings, recall, remember } from "./storage";
import { unsent } from "./text";

/** A shorter prompt is a slip of the finger, not a task. */
export const PROMPT_MIN_CHARS = 4;

/** Prompts kept for `↑` and for the search. */
export const HISTORY_MAX = 200;

/** Directories offered again. */
const RECENT_MAX = 12;

/** Drafts are written this long after the last key. */
const SAVE_AFTER_MS = 250;

export class Dispatch {
  draft = $state("");
  pastes = $state.raw<Paste[]>([]);
  agentId = $state<string | null>(null);
  mode = $state<string | null>(null);
  /** One of the agent at hand, or none. */
  model = $state<string | null>(null);
  cwd = $state("");
  fault = $state<Fault | null>(null);
  busy = $state(false);
  agents = $state.raw<AgentView[]>([]);
  places = $state.raw<Place[]>([]);
  defaults = $state.raw<Defaults>({ cwd: "", home: "", version: "" });
  /** Moves whenever the input shall take the keyboard. */
  focusTurn = $state(0);
  history = $state.raw(recall("history", [], isStrings));
  recent = $state.raw(recall("recent", [], isStrings));

  /** Pictures and other files that go with the prompt. */
  readonly files: Attachments;

  private readonly drafts = new Drafts();
  private historyAt: number | null = null;
  private save: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly agentOptions: AgentOptions,
    private readonly settings?: Settings,
  ) {
    this.files = new Attachments(backend);
  }

  get shell(): boolean {
    return this.draft.trimStart().startsWith("!");
  }

  get agent(): AgentView | null {
    const byId = this.agents.find((agent) => agent.id === this.agentId);
    // Of settings that name nobody there is no default: a dispatch says what is wrong in them.
    return byId ?? this.agents.find((agent) => agent.isDefault) ?? null;
  }

  /** The mode that a dispatch would use: the one at hand, else that of the settings; none leaves it to the agent. */
  get effectiveMode(): string | null {
    const modes = this.agent?.modes ?? [];
    if (this.mode !== null && modes.includes(this.mode)) return this.mode;
    return this.setMode ?? modes[0] ?? null;
  }

  /** What the settings choose for the agent at hand. The supervisor decides by the same rule, and refuses what is no mode. */
  private get setMode(): string | undefined {
    const id = this.agent?.id;
    if (id === undefined) return undefined;
    const theirs = this.settings?.text("defaults", "agent") ?? id;
    const general = theirs === id ? this.settings?.text("defaults", "permission_mode") : undefined;
    return general ?? this.settings?.text("agent_servers", id, "default_mode");
  }

  /** The models that the agent at hand named in an earlier session. */
  get models(): ConfigValue[] {
    return this.agentOptions.option(this.agent?.id ?? null, "model")?.values ?? [];
  }

  /** The model that a dispatch would ask for; none leaves it to the settings and the agent. */
  get effectiveModel(): string | null {
    return this.models.some(({ id }) => id === this.model) ? this.model : null;
  }

  async load(): Promise<void> {
    try {
      this.defaults = await this.backend.defaults();
      if (!this.cwd) this.begin(this.firstCwd());
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

  /** Which repositories there are near the one at hand; asked when somebody wants to choose. */
  async loadPlaces(): Promise<void> {
    try {
      this.places = await this.backend.places([this.cwd, ...this.recent]);
    } catch {
      // What was known stays; a path can still be written by hand.
    }
  }

  /** The input takes the keyboard. */
  focus(): void {
    this.focusTurn += 1;
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

  /** Text at hand goes along to the other project; an empty input shows what was begun there. */
  chooseCwd(cwd: string): void {
    const wanted = shortPath(cwd.trim(), this.defaults.home) || this.firstCwd();
    if (wanted === this.cwd) return;
    clearTimeout(this.save);
    this.drafts.keep(this.cwd, { text: "", pastes: [] });
    const empty = this.draft.trim() === "";
    this.cwd = wanted;
    remember("cwd", wanted);
    if (empty) this.enter(wanted);
    else this.saveSoon();
  }

  /** A long paste becomes a label; the text it stands for is sent. */
  fold(text: string): string {
    const label = labelFor(text, this.pastes);
    this.pastes = [...this.pastes, { label, text }];
    return label;
  }

  /** Shows a paste in full, in its place. */
  unfold(label: string): void {
    const paste = this.pastes.find((known) => known.label === label);
    if (!paste) return;
    this.pastes = this.pastes.filter((known) => known !== paste);
    this.edit(this.draft.replace(label, () => paste.text));
  }

  /** What was typed before the first project was known belongs to it. */
  private begin(cwd: string): void {
    this.cwd = cwd;
    if (this.draft === "") this.enter(cwd);
  }

  private enter(cwd: string): void {
    const { text, pastes } = this.drafts.of(cwd);
    this.cwd = cwd;
    this.draft = text;
    this.pastes = pastes;
    this.historyAt = null;
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
    // A picture on its way goes with the prompt, not after it.
    if (this.busy || this.files.busy > 0) return null;
    const written = this.draft;
    const { pastes } = this;
    if (!this.shell) this.applyMentions();
    const whole = unfold(this.draft, pastes);
    const text = this.shell ? whole.trimStart().slice(1).trim() : whole.trim();
    this.fault = this.refuse(text);
    if (this.fault) return null;
    const sent = this.draft;
    this.busy = true;
    const mode = this.effectiveMode;
    const isMode = mode !== null && this.agent?.modes.includes(mode);
    try {
      const view = await this.backend.dispatch({
        kind: this.shell ? "shell" : "agent",
        text,
        agent: this.shell ? null : (this.agent?.id ?? null),
        model: this.shell ? null : this.effectiveModel,
        name: null,
        // Of one that is none the supervisor says where it stands.
        permissionMode: this.shell || !isMode ? null : mode,
        cwd: this.cwd || this.defaults.cwd,
        enclosures: this.shell ? [] : this.files.ids,
      });
      this.keep(pastes.length > 0 ? unfold(written, pastes) : written);
      // What was typed meanwhile stays.
      this.edit(unsent(this.draft, sent));
      this.pastes = inUse(this.draft, this.pastes);
      this.files.clear();
      return view;
    } catch (thrown) {
      this.fault = asFault(thrown);
      return null;
    } finally {
      this.busy = false;
    }
  }

  /** `@codex @atlas fix it`: whole names that are known choose agent and directory. */
  private applyMentions(): void {
    const agentOf = (name: string) => this.agents.find((agent) => agent.installed && agent.id.toLowerCase() === name);
    const placesOf = (name: string) => this.places.filter((place) => baseName(place.path).toLowerCase() === name);
    const { text, names } = mentions(this.draft, (name) => agentOf(name) !== undefined || placesOf(name).length === 1);
    if (names.length === 0) return;
    this.draft = text;
    for (const name of names) {
      const agent = agentOf(name);
      const [place] = placesOf(name);
      if (agent) this.agentId = agent.id;
      else if (place) this.chooseCwd(place.path);
    }
  }

  private refuse(text: string): Fault | null {
    if (this.shell) {
      return text === "" ? fault("invalid", "No command after !", "For example: ! npm test") : null;
    }
    if (text.length >= PROMPT_MIN_CHARS) return null;
    return fault("invalid", "The prompt is too short", "Describe the task in a few words, or type ! and a command");
  }

  /** Offered again by `↑`. */
  remember(text: string): void {
    this.history = [...this.history.filter((old) => old !== text), text].slice(-HISTORY_MAX);
    remember("history", this.history);
  }

  private keep(text: string): void {
    this.remember(text);
    this.recent = [this.cwd, ...this.recent.filter((old) => old !== this.cwd)].slice(0, RECENT_MAX);
    remember("recent", this.recent);
  }

  private saveSoon(): void {
    clearTimeout(this.save);
    this.save = setTimeout(() => this.saveNow(), SAVE_AFTER_MS);
  }

  /** Before the window goes away, too. */
  saveNow(): void {
    clearTimeout(this.save);
    this.drafts.keep(this.cwd, { text: this.draft, pastes: inUse(this.draft, this.pastes) });
  }
}
