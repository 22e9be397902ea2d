/**
 * One shared pulse for everything on screen that works.
 *
 * Promise: one change a second while somebody shows it, and none in a hidden window or with motion
 * reduced. A style sheet's animation would wake the page sixty times a second for the same picture.
 * Must not know: who shows it.
 */

/** From one level to the next. Without a graphics card each change costs a drawing of the whole window. */
export const BEAT_MS = 1_000;
/** Levels from breathing in to breathing out. */
const BEATS = 4;
const LEAST = 0.12;
const MOST = 0.42;
/** What stands still looks like. */
export const STILL = 0.26;

export class Pulse {
  /** How visible the halo of something that works is now. */
  level = $state(STILL);
  private showing = 0;
  private beat = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Breathes for as long as the returned function is not called. */
  show(): () => void {
    this.showing += 1;
    if (this.showing === 1) {
      document.addEventListener("visibilitychange", this.settle);
      this.settle();
    }
    return () => {
      this.showing -= 1;
      if (this.showing > 0) return;
      document.removeEventListener("visibilitychange", this.settle);
      this.settle();
    };
  }

  private readonly settle = () => {
    clearInterval(this.timer);
    if (this.showing > 0 && !document.hidden) this.timer = setInterval(() => this.next(), BEAT_MS);
  };

  private next(): void {
    if (document.documentElement.dataset["motion"] === "reduced") {
      this.level = STILL;
      return;
    }
    this.beat = (this.beat + 1) % BEATS;
    const part = (1 - Math.cos((2 * Math.PI * this.beat) / BEATS)) / 2;
    this.level = Math.round((LEAST + (MOST - LEAST) * part) * 100) / 100;
  }
}

export const pulse = new Pulse();
