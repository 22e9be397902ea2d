/**
 * The board's data: sessions and alerts, kept by numbered changes.
 *
 * Promise: a gap in the numbers never goes unnoticed; what was known stays while nobody answers.
 * Must not know: rows, keys, panes.
 */
import { SvelteMap } from "svelte/reactivity";
import { asFault } from "../backend/api";
import type { Backend, BoardChange, BoardEvent, Notice, Off, SessionView } from "../backend/api";
import { displayName } from "./session";
import { isBoolean, recall, remember } from "./storage";

/** First and longest wait between two attempts to reach the supervisor. */
const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 5_000;
/** Notices kept on screen; older ones were read or never will be. */
const ALERTS_MAX = 20;
/** Names of sessions that went away, for what still shows them; the oldest are forgotten. */
const GONE_MAX = 200;

export type Connection = "connecting" | "connected" | "lost";

export class Board {
  readonly sessions = new SvelteMap<string, SessionView>();
  /** What sessions were called that went away while this window was open. */
  readonly gone = new SvelteMap<string, string>();
  alerts = $state.raw<Notice[]>([]);
  connection = $state<Connection>("connecting");
  lostBecause = $state("");
  /** Counts snapshots: whoever follows something else follows it again when this moves. */
  epoch = $state(0);
  /** Whether there was ever a session on this machine, as far as this window knows. */
  everUsed = $state(recall("everUsed", false, isBoolean));

  /** Sessions that the user sees: a run that did what it was for has left the board by itself. */
  readonly shown: SessionView[] = $derived.by(() =>
    [...this.sessions.values()].filter((view) => !view.routine?.archived && !this.hides(view.id)),
  );
  readonly needing: number = $derived(this.countOf("needs_input"));
  readonly working: number = $derived(this.countOf("working") + this.countOf("starting"));

  private seq = 0;
  private generation = 0;
  private off: Off | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private wait = RETRY_FIRST_MS;

  /** `hides` says of a session that the user has just deleted it. */
  constructor(
    private readonly backend: Backend,
    readonly hides: (id: string) => boolean = () => false,
  ) {}

  /** No session was ever started on this machine. */
  get firstRun(): boolean {
    return this.connection === "connected" && !this.everUsed && this.sessions.size === 0;
  }

  async start(): Promise<void> {
    await this.backend.onReachability((now) => {
      if (!now.reachable) this.lose(now.message);
      else if (this.connection === "lost") void this.follow();
    });
    await this.follow();
  }

  private countOf(state: SessionView["state"]["type"]): number {
    return this.shown.reduce((count, view) => count + (view.state.type === state ? 1 : 0), 0);
  }

  /** Tries again at once instead of waiting for the next attempt. */
  retryNow(): void {
    if (this.connection === "lost") void this.follow();
  }

  /**
   * Takes over a new session that a command returned before its change arrived. What is known
   * already comes from the numbered changes: a reply may be older than they are.
   */
  learn(view: SessionView): void {
    if (!this.sessions.has(view.id)) this.sessions.set(view.id, view);
    this.markUsed();
  }

  dismissAlerts(): void {
    this.alerts = [];
  }

  private async follow(): Promise<void> {
    clearTimeout(this.retry);
    this.generation += 1;
    const mine = this.generation;
    this.off?.();
    this.off = null;
    try {
      const off = await this.backend.followBoard((event) => {
        if (mine === this.generation) this.apply(event);
      });
      if (mine === this.generation) this.off = off;
      else off();
    } catch (thrown) {
      if (mine === this.generation) this.lose(asFault(thrown).message);
    }
  }

  private lose(message: string): void {
    this.connection = "lost";
    this.lostBecause = message;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.follow(), this.wait);
    this.wait = Math.min(this.wait * 2, RETRY_LONGEST_MS);
  }

  private apply(event: BoardEvent): void {
    if (event.type === "snapshot") {
      this.replace(event.sessions);
      this.alerts = event.notices.slice(-ALERTS_MAX);
      this.seq = event.seq;
      this.connection = "connected";
      this.lostBecause = "";
      this.wait = RETRY_FIRST_MS;
      clearTimeout(this.retry);
      this.epoch += 1;
      return;
    }
    if (event.seq !== this.seq + 1) {
      void this.follow();
      return;
    }
    this.seq = event.seq;
    this.change(event.change);
  }

  private replace(views: SessionView[]): void {
    const known = new Set(views.map((view) => view.id));
    for (const id of [...this.sessions.keys()]) if (!known.has(id)) this.takeOff(id);
    for (const view of views) this.sessions.set(view.id, view);
    if (views.length > 0) this.markUsed();
  }

  private change(change: BoardChange): void {
    switch (change.type) {
      case "upsert":
        this.sessions.set(change.view.id, change.view);
        this.markUsed();
        return;
      case "removed":
        this.takeOff(change.id);
        return;
      case "notice":
        this.alerts = [...this.alerts, change.notice].slice(-ALERTS_MAX);
        return;
      case "notice_gone": {
        const { at, text } = change.notice;
        this.alerts = this.alerts.filter((notice) => notice.at !== at || notice.text !== text);
      }
    }
  }

  /** Takes a session off the board; its name is kept. */
  private takeOff(id: string): void {
    const view = this.sessions.get(id);
    if (!view) return;
    this.sessions.delete(id);
    this.gone.set(id, displayName(view));
    const [oldest] = this.gone.keys();
    if (this.gone.size > GONE_MAX && oldest !== undefined) this.gone.delete(oldest);
  }

  private markUsed(): void {
    if (this.everUsed) return;
    this.everUsed = true;
    remember("everUsed", true);
  }
}
