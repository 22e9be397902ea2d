/**
 * One shared timer for every age on screen.
 *
 * Promise: wakes up a few times a minute, and not at all while the window is hidden.
 * Must not know: who reads it.
 */

/** Ages are shown in minutes; this keeps them right to a few seconds. */
const TICK_MS = 10_000;

export class Clock {
  now = $state(Date.now());
  private timer: ReturnType<typeof setInterval> | undefined;

  start(): () => void {
    const onVisible = () => (document.hidden ? this.pause() : this.resume());
    document.addEventListener("visibilitychange", onVisible);
    this.resume();
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      this.pause();
    };
  }

  /** At once, for something that has just happened. */
  tick(): void {
    this.now = Date.now();
  }

  private resume(): void {
    this.pause();
    this.tick();
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  private pause(): void {
    clearInterval(this.timer);
  }
}
