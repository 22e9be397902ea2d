/**
 * Tells again and again that somebody has the end of a job before him: its row stays that long.
 *
 * Promise: nothing is told while the window is hidden; once more as soon as it is shown again.
 * Must not know: what is told, or to whom.
 */

/** Far more often than the five minutes after which a row goes that nobody looks at. */
export const LOOK_EVERY_MS = 60_000;

/** Calls `look` now and every minute while the window is shown; the result ends that. */
export function keepLooking(look: () => void): () => void {
  const lookIfShown = () => {
    if (!document.hidden) look();
  };
  lookIfShown();
  const timer = setInterval(lookIfShown, LOOK_EVERY_MS);
  document.addEventListener("visibilitychange", lookIfShown);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", lookIfShown);
  };
}
