/**
 * Markdown as data: blocks for streaming, tokens for rendering.
 *
 * Promise: no HTML ever leaves this file; raw HTML in the source comes back as plain text.
 * Must not know: components.
 */
import { Lexer, type Token, type Tokens } from "marked";

export type { Token, Tokens };

/** Longer text is shown plain: it would cost more than a frame to read as Markdown. */
export const MARKDOWN_MAX_CHARS = 200_000;

/** The top-level blocks of a text; unchanged ones keep the same string while more is streamed. */
export function blocksOf(text: string): string[] {
  if (text.length > MARKDOWN_MAX_CHARS) return [text];
  const lexer = new Lexer({ gfm: true });
  const blocks = lexer.blockTokens(text.replace(/\r\n?/g, "\n"), []);
  return blocks.filter((block) => block.type !== "space").map((block) => block.raw);
}

export function tokensOf(block: string): Token[] {
  if (block.length > MARKDOWN_MAX_CHARS) return [{ type: "text", raw: block, text: block }];
  return Lexer.lex(block, { gfm: true });
}

const ENTITIES: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  hellip: "…",
  mdash: "—",
  ndash: "–",
};

/** Character references as the characters they name; anything unknown stays as written. */
export function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return ENTITIES[name.toLowerCase()] ?? whole;
    const hex = name[1] === "x" || name[1] === "X";
    const code = Number.parseInt(name.slice(hex ? 2 : 1), hex ? 16 : 10);
    const valid = code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return valid ? String.fromCodePoint(code) : whole;
  });
}

/** The words that tokens show, without their looks. */
export function textOf(tokens: readonly Token[]): string {
  const words = (token: Token): string => {
    if ("tokens" in token && token.tokens && token.tokens.length > 0) return textOf(token.tokens);
    return "text" in token && typeof token.text === "string" ? decodeEntities(token.text) : token.raw;
  };
  return tokens.map(words).join("");
}
