/**
 * Whether somebody looks at the window, and at which sessions: told to the supervisor, which then tells
 * nothing twice over.
 *
 * Promise: a window that nobody has touched for a while is left alone, whatever it shows; while it is
 * used it says so again and again, because one that is silent may hang.
 * Must not know: the DOM.
 */
import type { Backend, Looking } from "../backend/api";

/** Reading needs no key and no pointer, but not for longer than this. */
export const AWAY_AFTER_MS = 120_000;
/** The supervisor believes a silent window for five minutes. */
export const REPEAT_MS = 60_000;

export class Presence {
  private focused = false;
  private away = false;
  private sessions: string[] = [];
  private reported = "";
  private reportedAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly backend: Pick<Backend, "looking">) {}

  /** The window has the keyboard, or has it no longer. */
  focus(focused: boolean): void {
    this.focused = focused;
    this.away = false;
    this.wait();
    this.report();
  }

  /** A key or the pointer was used. */
  used(nowMs: number): void {
    if (!this.focused) return;
    const back = this.away;
    this.away = false;
    if (back || nowMs - this.reportedAt >= REPEAT_MS) this.report(true, nowMs);
    this.wait();
  }

  /** What is on the screen. */
  sees(sessions: string[]): void {
    this.sessions = sessions;
    this.report();
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private wait(): void {
    clearTimeout(this.timer);
    if (!this.focused || this.away) return;
    this.timer = setTimeout(() => {
      this.away = true;
      this.report();
    }, AWAY_AFTER_MS);
  }

  private report(again = false, nowMs = Date.now()): void {
    const looking: Looking = {
      attentive: this.focused && !this.away,
      away: this.focused && this.away,
      sessions: this.sessions,
    };
    const words = JSON.stringify(looking);
    if (words === this.reported && !again) return;
    this.reported = words;
    this.reportedAt = nowMs;
    // Not told, a notification too many comes: nothing to bother anybody with.
    this.backend.looking(looking).catch(() => undefined);
  }
}
