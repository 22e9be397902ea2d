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

type KeyLike = Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">;

/** `Ctrl+X`, `Alt+3`, `Shift+Enter`, `?`, `Space`. A printable key carries its own Shift. */
export function chordOf(event: KeyLike): string {
  const { key } = event;
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

/** Symbols for keys as a person reads them. */
const SYMBOLS: Record<string, string> = { Up: "↑", Down: "↓", Left: "←", Right: "→", Enter: "↵" };

export function keyCaps(chord: string): string[] {
  return chord.split("+").map((part) => SYMBOLS[part] ?? (/^[a-z]$/.test(part) ? part.toUpperCase() : part));
}
