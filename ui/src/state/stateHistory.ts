/**
 * Evidence as it is shown: what is noted at each act stands once, with how often.
 *
 * Must not know: the window. `HOOKS_LEFT_OUT` is that of `crates/model/src/values/evidence.rs`; a test compares them.
 */
import type { Evidence } from "../backend/api";

export const HOOKS_LEFT_OUT = "hooks and programs of the repository's own did not run: Nightshift runs none of them";

/** Newest first, as given; the newest of what repeats stays. */
export function withoutRepeats(entries: readonly Evidence[]): Evidence[] {
  const repeats = (entry: Evidence): boolean => entry.text === HOOKS_LEFT_OUT;
  const times = entries.filter(repeats).length;
  const newest = entries.findIndex(repeats);
  const counted = (entry: Evidence): Evidence =>
    repeats(entry) && times > 1 ? { ...entry, text: `${entry.text} (${String(times)} times)` } : entry;
  return entries.filter((entry, at) => !repeats(entry) || at === newest).map(counted);
}
