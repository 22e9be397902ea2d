/**
 * Long pastes as short labels in the draft, until it is sent.
 *
 * Promise: pure; a label that is still in the text stands for its whole paste, one that was edited
 * stands for itself. Must not know: the DOM.
 */

export type Paste = { label: string; text: string };

/** A longer paste would push everything else out of the input. */
export const FOLD_FROM_LINES = 12;
export const FOLD_FROM_CHARS = 1_500;

export function isLong(text: string): boolean {
  return text.length >= FOLD_FROM_CHARS || countLines(text) >= FOLD_FROM_LINES;
}

const countLines = (text: string): number => text.replace(/\n$/, "").split("\n").length;

export function labelFor(text: string, taken: readonly Paste[]): string {
  const lines = countLines(text);
  const what = lines > 1 ? `${lines} lines` : `${text.length} characters`;
  const label = (count: number) => (count === 1 ? `[pasted ${what}]` : `[pasted ${what} #${count}]`);
  let count = 1;
  while (taken.some((paste) => paste.label === label(count))) count += 1;
  return label(count);
}

export function unfold(text: string, pastes: readonly Paste[]): string {
  // Each text once and from its own place: a paste may speak of another one's label.
  const labels = pastes.filter((paste) => text.includes(paste.label));
  if (labels.length === 0) return text;
  const pattern = new RegExp(labels.map((paste) => paste.label.replace(/[[\]#]/g, "\\$&")).join("|"), "g");
  return text.replace(pattern, (label) => labels.find((paste) => paste.label === label)?.text ?? label);
}

/** Those that the text still speaks of. */
export function inUse(text: string, pastes: readonly Paste[]): Paste[] {
  return pastes.filter((paste) => text.includes(paste.label));
}
