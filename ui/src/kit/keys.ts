/**
 * Key chords: how an event is named and which zone of the window it happened in.
 *
 * Promise: pure apart from reading the event.
 * Must not know: what any chord does.
 */

/** Where the keyboard is. */
export type Zone =
  | "board"
  | "button"
  | "header"
  | "filter"
  | "dispatch"
  | "peek"
  | "pane"
  | "review"
  | "diff"
  | "composer"
  | "terminal"
  | "text"
  | "menu"
  | "overlay";

const NAMED: Record<string, string> = {
  " ": "Space",
  ArrowUp: "Up",
  ArrowDown: "Down",
  ArrowLeft: "Left",
  ArrowRight: "Right",
  Escape: "Esc",
};

type KeyLike = Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey"> & { code?: string };

/** `Ctrl+X`, `Alt+3`, `Shift+Enter`, `?`, `Space`. A printable key carries its own Shift. */
export function chordOf(event: KeyLike): string {
  // WebKit on GTK has no name for Tab while Shift is held.
  const key = event.key === "Unidentified" && event.code === "Tab" ? "Tab" : event.key;
  const printable = key.length === 1 && key !== " ";
  const command = event.ctrlKey || event.metaKey;
  const parts: string[] = [];
  if (command) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey && (!printable || command)) parts.push("Shift");
  parts.push(NAMED[key] ?? (printable && command ? key.toUpperCase() : key));
  return parts.join("+");
}

/** A key that types something when it is pressed in a text field. */
export function isPrintable(event: KeyLike): boolean {
  return event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey;
}

/** What a terminal leaves to the window: keys that no program in it could tell from others, and those out. */
export function terminalLeaves(chord: string): boolean {
  return chord === "Ctrl+\\" || chord === "Alt+Left" || chord === "Ctrl+Tab" || chord.startsWith("Ctrl+Shift+");
}

/** The code of a key that an input method has taken; WebKit says only so of the one that ends composing. */
const TAKEN_BY_INPUT_METHOD = 229;

/** A key of an input method: it chooses letters and must neither send nor leave anything. */
export function composes(event: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return event.isComposing || event.keyCode === TAKEN_BY_INPUT_METHOD;
}

/** Symbols for keys as a person reads them. */
const SYMBOLS: Record<string, string> = { Up: "↑", Down: "↓", Left: "←", Right: "→", Enter: "↵" };

export function keyCaps(chord: string): string[] {
  return chord.split("+").map((part) => SYMBOLS[part] ?? (/^[a-z]$/.test(part) ? part.toUpperCase() : part));
}
