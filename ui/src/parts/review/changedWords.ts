/**
 * A line cut at its changed words.
 *
 * Promise: pure; the pieces joined are the line; marks out of range are left out.
 */
import type { Span } from "../../backend/api";

export type Piece = { text: string; marked: boolean };

export function changedWords(text: string, marks: readonly Span[]): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const { from, to } of marks) {
    if (from < at || to <= from || from >= text.length) continue;
    if (from > at) out.push({ text: text.slice(at, from), marked: false });
    out.push({ text: text.slice(from, to), marked: true });
    at = to;
  }
  if (at < text.length || out.length === 0) out.push({ text: text.slice(at), marked: false });
  return out.map((piece) => ({ ...piece, text: visible(piece.text) }));
}

/** Control characters and directions that hide code get a visible sign. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/gu, (sign) => {
    const code = sign.codePointAt(0) ?? 0;
    if (sign === "\t") return sign;
    return code < 0x20
      ? String.fromCodePoint(0x2400 + code)
      : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}
