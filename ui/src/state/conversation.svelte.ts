/**
 * One agent session as a conversation, kept by numbered changes.
 *
 * Promise: a gap means following again, never a silent hole; streamed text is added once a frame.
 * Must not know: how items look.
 */
import { asFault } from "../backend/api";
import type { Backend, Configuration, ConversationEvent, ConversationItem, Fault, Off } from "../backend/api";

/** A follow that failed is tried again this much later. */
const RETRY_MS = 2_000;

/** An item whose body is replaced as a whole, so that only its own card renders again. */
export class Item {
  value = $state.raw<ConversationItem>() as ConversationItem;
  readonly id: string;

  constructor(value: ConversationItem) {
    this.id = value.id;
    this.value = value;
  }
}

export class Conversation {
  items = $state.raw<Item[]>([]);
  trimmed = $state(false);
  loaded = $state(false);
  /** What can be chosen and what is in force, as the agent told it last. */
  configuration = $state.raw<Configuration>({ options: [], commands: [] });
  fault = $state.raw<Fault | null>(null);

  private byId = new Map<string, Item>();
  private seq = 0;
  private off: Off | null = null;
  private generation = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private pending = new Map<string, string>();
  private frame: number | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly session: string,
  ) {}

  async follow(): Promise<void> {
    this.end();
    const mine = this.generation;
    try {
      const off = await this.backend.followConversation(this.session, (event) => {
        if (mine === this.generation) this.apply(event);
      });
      if (mine === this.generation) this.off = off;
      else off();
      this.fault = null;
    } catch (thrown) {
      if (mine !== this.generation) return;
      this.fault = asFault(thrown);
      this.retry = setTimeout(() => void this.follow(), RETRY_MS);
    }
  }

  end(): void {
    this.generation += 1;
    clearTimeout(this.retry);
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    this.pending.clear();
    this.off?.();
    this.off = null;
  }

  apply(event: ConversationEvent): void {
    if (event.type === "snapshot") {
      this.replace(event.items);
      this.trimmed = event.trimmed;
      this.configuration = event.configuration;
      this.seq = event.seq;
      this.loaded = true;
      return;
    }
    if (event.seq !== this.seq + 1) {
      void this.follow();
      return;
    }
    this.seq = event.seq;
    if (event.type === "append") this.append(event.id, event.text);
    else if (event.type === "upsert") this.upsert(event.item);
    else if (event.type === "configured") this.configuration = event.configuration;
    else this.remove(event.id);
  }

  private replace(items: ConversationItem[]): void {
    this.pending.clear();
    this.byId = new Map(items.map((item) => [item.id, new Item(item)]));
    this.items = [...this.byId.values()];
  }

  private upsert(item: ConversationItem): void {
    this.pending.delete(item.id);
    const known = this.byId.get(item.id);
    if (known) {
      known.value = item;
      return;
    }
    const fresh = new Item(item);
    this.byId.set(item.id, fresh);
    this.items = [...this.items, fresh];
  }

  private remove(id: string): void {
    this.pending.delete(id);
    if (this.byId.delete(id)) this.items = this.items.filter((item) => item.id !== id);
  }

  private append(id: string, text: string): void {
    this.pending.set(id, (this.pending.get(id) ?? "") + text);
    this.frame ??= requestAnimationFrame(() => this.flush());
  }

  private flush(): void {
    this.frame = undefined;
    for (const [id, text] of this.pending) {
      const item = this.byId.get(id);
      const body = item?.value.body;
      if (!item || (body?.type !== "agent" && body?.type !== "thought")) continue;
      item.value = { ...item.value, body: { ...body, text: body.text + text } };
    }
    this.pending.clear();
  }
}
