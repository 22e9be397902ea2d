/**
 * Comments on lines of a diff, and the one message they become.
 *
 * Promise: pure; a comment names its file and line and quotes the line, so that it can be understood
 * after the file has changed.
 */
import type { DiffRow } from "../backend/api";

export type Comment = {
  key: string;
  path: string;
  line: number;
  /** A removed line has a number only in the old file. */
  side: "old" | "new";
  quote: string;
  text: string;
};

/** Of a quoted line: enough to find it. */
const QUOTE_MAX = 160;

export function isComments(value: unknown): value is Comment[] {
  return Array.isArray(value) && value.every(isComment);
}

function isComment(value: unknown): value is Comment {
  if (typeof value !== "object" || value === null) return false;
  const known = value as Record<string, unknown>;
  const words = ["key", "path", "quote", "text"].every((field) => typeof known[field] === "string");
  return words && typeof known["line"] === "number" && (known["side"] === "old" || known["side"] === "new");
}

/** Names the line; nothing for rows that are no lines. */
export function keyOf(path: string, row: DiffRow): string | null {
  if (row.new !== null) return `new:${row.new}:${path}`;
  if (row.old !== null) return `old:${row.old}:${path}`;
  return null;
}

export function message(comments: readonly Comment[]): string {
  const sorted = [...comments].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line));
  const parts = sorted.map((comment) => {
    const where =
      comment.side === "old" ? `${comment.path}:${comment.line} (removed line)` : `${comment.path}:${comment.line}`;
    return `${where}\n> ${quoted(comment.quote)}\n${comment.text}`;
  });
  const head = sorted.length === 1 ? "A comment on your changes:" : `${sorted.length} comments on your changes:`;
  return `${head}\n\n${parts.join("\n\n")}`;
}

/** Control characters would make the message refused. */
function quoted(line: string): string {
  const clean = line
    .replace(/\t/g, "  ")
    .replace(/\p{Cc}/gu, "")
    .trim();
  return clean.length > QUOTE_MAX ? `${clean.slice(0, QUOTE_MAX)}…` : clean;
}
