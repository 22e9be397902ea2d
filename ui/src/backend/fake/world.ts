/**
 * The simulation's memory: sessions, their conversations, followers and evidence.
 *
 * Promise: speaks in the same events as the supervisor, numbered without gaps.
 * Must not know: scripts, terminals, views.
 */
import type {
  Answer,
  BoardChange,
  BoardEvent,
  Configuration,
  ConversationEvent,
  ConversationItem,
  Evidence,
  ItemBody,
  Notice,
  Off,
  SessionView,
  Source,
  State,
} from "../api";

/** Milliseconds of one simulated breath; every delay is a multiple. */
const BEAT_MS = 60;

const named = (id: string, description: string | null = null) => ({
  id,
  name: `${id[0]?.toUpperCase()}${id.slice(1)}`,
  description,
});

/** What the simulated agents let be chosen. */
function offered(): Configuration {
  return {
    options: [
      {
        id: "mode",
        name: "Mode",
        description: null,
        role: "mode",
        current: "ask",
        values: [
          named("ask", "Asks before it runs a command"),
          named("auto", "Runs commands without asking"),
          named("plan", "Reads and plans only"),
        ],
      },
      {
        id: "model",
        name: "Model",
        description: null,
        role: "model",
        current: "steady",
        values: [named("steady", "Streams word by word"), named("brisk", "Streams without pauses")],
      },
    ],
    commands: [{ name: "review", description: "Review the changes of this branch", hint: "what to look at" }],
  };
}

export class Conversation {
  private items: ConversationItem[] = [];
  private readonly configuration = offered();
  private seq = 0;
  private readonly followers = new Set<(event: ConversationEvent) => void>();

  follow(on: (event: ConversationEvent) => void): Off {
    const configuration = structuredClone(this.configuration);
    on({ type: "snapshot", seq: this.seq, items: structuredClone(this.items), trimmed: false, configuration });
    this.followers.add(on);
    return () => this.followers.delete(on);
  }

  choose(id: string, value: string): void {
    for (const option of this.configuration.options) if (option.id === id) option.current = value;
    this.tell({ type: "configured", seq: ++this.seq, configuration: structuredClone(this.configuration) });
  }

  put(id: string, body: ItemBody, at = Date.now()): void {
    const index = this.items.findIndex((known) => known.id === id);
    const item = { id, at: this.items[index]?.at ?? at, body: structuredClone(body) };
    if (index < 0) this.items.push(item);
    else this.items[index] = item;
    this.tell({ type: "upsert", seq: ++this.seq, item: structuredClone(item) });
  }

  append(id: string, text: string): void {
    const item = this.items.find((known) => known.id === id);
    if (!item || (item.body.type !== "agent" && item.body.type !== "thought")) return;
    item.body.text += text;
    this.tell({ type: "append", seq: ++this.seq, id, text });
  }

  remove(id: string): void {
    this.items = this.items.filter((item) => item.id !== id);
    this.tell({ type: "removed", seq: ++this.seq, id });
  }

  private tell(event: ConversationEvent): void {
    for (const on of this.followers) on(event);
  }
}

export class World {
  readonly sessions = new Map<string, SessionView>();
  readonly evidence = new Map<string, Evidence[]>();
  /** Who waits for the answer to a need, by session and need id. */
  readonly waiting = new Map<string, (answer: Answer) => void>();
  notices: Notice[] = [];
  private readonly conversations = new Map<string, Conversation>();
  private readonly followers = new Set<(event: BoardEvent) => void>();
  private seq = 0;
  private ids = 0x3a51f00d;

  constructor(private readonly speed: number) {}

  freshId(): string {
    this.ids = (Math.imul(this.ids, 1_664_525) + 1_013_904_223) >>> 0;
    return this.ids.toString(16).padStart(8, "0");
  }

  rest(beats: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, (beats * BEAT_MS) / this.speed));
  }

  conversation(id: string): Conversation {
    let found = this.conversations.get(id);
    if (!found) {
      found = new Conversation();
      this.conversations.set(id, found);
    }
    return found;
  }

  follow(on: (event: BoardEvent) => void): Off {
    const sessions = structuredClone([...this.sessions.values()]);
    on({ type: "snapshot", seq: this.seq, sessions, notices: this.notices });
    this.followers.add(on);
    return () => this.followers.delete(on);
  }

  put(view: SessionView): void {
    this.sessions.set(view.id, view);
    this.tell({ type: "upsert", view: structuredClone(view) });
  }

  change(id: string, part: Partial<SessionView>): SessionView | null {
    const view = this.sessions.get(id);
    if (!view) return null;
    const next = { ...view, ...part };
    this.put(next);
    return next;
  }

  /** Moves a session into another state and remembers why. */
  enter(id: string, state: State, source: Source, why: string, line?: string): void {
    const at = Date.now();
    const log = this.evidence.get(id) ?? [];
    log.push({ at, source, state: state.type, text: why });
    this.evidence.set(id, log);
    this.change(id, { state, stateSince: at, ...(line === undefined ? {} : { line }) });
  }

  dropNamed(name: string): void {
    const found = [...this.sessions.values()].find((session) => session.name === name);
    if (found) this.drop(found.id);
  }

  drop(id: string): void {
    this.sessions.delete(id);
    this.tell({ type: "removed", id });
  }

  private tell(change: BoardChange): void {
    this.seq += 1;
    for (const on of this.followers) on({ type: "change", seq: this.seq, change });
  }
}
