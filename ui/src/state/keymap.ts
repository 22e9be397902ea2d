/**
 * Keys as the user set them, over those that actions bring along.
 *
 * Promise: pure; a chord is written as it is shown (`Ctrl+Shift+F`), whatever its order in the file.
 * Must not know: actions beyond their id, keys and zones; the DOM.
 */

export type Bound = { id: string; keys: readonly string[]; zones: readonly string[] };

const MODIFIERS = ["Ctrl", "Alt", "Shift"] as const;
const ALIASES: Record<string, string> = {
  control: "Ctrl",
  ctrl: "Ctrl",
  cmd: "Ctrl",
  meta: "Ctrl",
  alt: "Alt",
  option: "Alt",
  shift: "Shift",
  escape: "Esc",
  esc: "Esc",
  return: "Enter",
  enter: "Enter",
  space: "Space",
  up: "Up",
  down: "Down",
  left: "Left",
  right: "Right",
  tab: "Tab",
  home: "Home",
  end: "End",
};

/** A chord in the one way it is compared in; empty when it is none. */
export function normalChord(text: string): string {
  const parts = text.split(/\+(?!$)/).map((part) => part.trim());
  const named = parts.map((part) => ALIASES[part.toLowerCase()] ?? part);
  const key = named.findLast((part) => !MODIFIERS.some((modifier) => modifier === part)) ?? "";
  if (key === "") return "";
  const held = MODIFIERS.filter((modifier) => named.includes(modifier));
  const single = key.length === 1 && (held.includes("Ctrl") || held.includes("Alt"));
  return [...held, single && held.includes("Ctrl") ? key.toUpperCase() : key].join("+");
}

/** The keys of an action: the user's if there are any, else its own. */
export function keysOf(action: Bound, set: unknown): readonly string[] {
  if (set === undefined) return action.keys;
  const all = (Array.isArray(set) ? set : [set]).filter((one): one is string => typeof one === "string");
  return all.map(normalChord).filter((chord) => chord !== "");
}

/** Others that the chord means in a zone of this action. */
export function clashes(
  action: Bound,
  chord: string,
  all: readonly Bound[],
  keys: (one: Bound) => readonly string[],
): Bound[] {
  return all.filter(
    (other) =>
      other.id !== action.id && keys(other).includes(chord) && other.zones.some((zone) => action.zones.includes(zone)),
  );
}
