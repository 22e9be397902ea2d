/**
 * Tells again and again that somebody has the end of a job before him: its row stays that long.
 *
 * Promise: nothing is told while the window is hidden; once more as soon as it is shown again.
 * Must not know: what is told, or to whom.
 */

/** Far more often than the five minutes after which a row goes that nobody looks at. */
export const REPORT_EVERY_MS = 60_000;

/** Calls `report` now and every minute while the window is shown; the result ends that. */
export function reportViewing(report: () => void): () => void {
  const reportIfShown = () => {
    if (!document.hidden) report();
  };
  reportIfShown();
  const timer = setInterval(reportIfShown, REPORT_EVERY_MS);
  document.addEventListener("visibilitychange", reportIfShown);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", reportIfShown);
  };
}
