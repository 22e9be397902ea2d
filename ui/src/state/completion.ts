/**
 * What is being completed at the caret of the dispatch input, and what fits it.
 *
 * Promise: pure. Must not know: the DOM, where repositories or commands come from.
 */

export type TokenKind = "mention" | "command" | "pull";

/** `@atl` with where it stands; `query` is what follows the sign, in small letters. */
export type Token = { kind: TokenKind; query: string; from: number; to: number };

const MENTION = /(?:^|\s)@([^\s@]*)$/;
const COMMAND = /^\s*\/([\w:.-]*)$/;
const PULL = /(?:^|\s)#(\d*)$/;

/** A shell command is nobody's to complete. */
export function tokenAt(text: string, caret: number): Token | null {
  const before = text.slice(0, caret);
  if (before.trimStart().startsWith("!")) return null;
  for (const [kind, pattern] of [
    ["command", COMMAND],
    ["mention", MENTION],
    ["pull", PULL],
  ] as const) {
    const query = pattern.exec(before)?.[1];
    if (query !== undefined) return { kind, query: query.toLowerCase(), from: caret - query.length - 1, to: caret };
  }
  return null;
}

/** The text with `by` in the token's place, and the caret after it. No two spaces where one was. */
export function replaced(text: string, token: Token, by: string): { text: string; caret: number } {
  const head = text.slice(0, token.from);
  const tail = text.slice(token.to);
  const joined = by === "" && (head === "" || head.endsWith(" ")) ? tail.replace(/^ /, "") : tail;
  return { text: head + by + joined, caret: head.length + by.length };
}

/** How well a name fits: the beginning before a beginning of a part, before anywhere. None: not at all. */
export function fit(name: string, query: string): number | null {
  if (query === "") return 0;
  const known = name.toLowerCase();
  if (known === query) return 0;
  if (known.startsWith(query)) return 1;
  if (known.split(/[^a-z0-9]+/).some((part) => part.startsWith(query))) return 2;
  if (known.includes(query)) return 3;
  return null;
}

/** Those that fit, best first, and as they came among equals. */
export function best<T>(all: readonly T[], query: string, namesOf: (one: T) => readonly string[], most: number): T[] {
  const ranked = all.flatMap((one, at) => {
    const fits = namesOf(one).flatMap((name) => fit(name, query) ?? []);
    return fits.length === 0 ? [] : [{ one, at, rank: Math.min(...fits) }];
  });
  return ranked
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .slice(0, most)
    .map(({ one }) => one);
}

/** Whole `@names` in a text that name something known; they are taken out. */
export function mentions(text: string, known: (name: string) => boolean): { text: string; names: string[] } {
  const names: string[] = [];
  const left = text.replace(/(^|\s)@([^\s@]+)(?=\s|$)/g, (whole, before: string, name: string) => {
    if (!known(name.toLowerCase())) return whole;
    names.push(name.toLowerCase());
    return before === "\n" ? before : "";
  });
  return names.length === 0 ? { text, names } : { text: left.trim(), names };
}
