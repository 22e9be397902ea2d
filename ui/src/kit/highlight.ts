/**
 * Code as pieces with a colour each. The grammar of each language is a file of its own that is
 * loaded when the language is met first.
 *
 * Promise: no HTML leaves this file; what cannot be read stays one plain piece; long code stays plain.
 * Must not know: components, tokens of the design.
 */
import type { HLJSApi, LanguageFn } from "highlight.js";

export type Piece = { text: string; kind: string };

/** Longer code would cost more than a frame. */
export const HIGHLIGHT_MAX_CHARS = 30_000;

type Load = () => Promise<{ default: LanguageFn }>;

const LANGUAGES: Record<string, Load> = {
  bash: () => import("highlight.js/lib/languages/bash"),
  c: () => import("highlight.js/lib/languages/c"),
  cpp: () => import("highlight.js/lib/languages/cpp"),
  csharp: () => import("highlight.js/lib/languages/csharp"),
  css: () => import("highlight.js/lib/languages/css"),
  diff: () => import("highlight.js/lib/languages/diff"),
  dockerfile: () => import("highlight.js/lib/languages/dockerfile"),
  go: () => import("highlight.js/lib/languages/go"),
  ini: () => import("highlight.js/lib/languages/ini"),
  java: () => import("highlight.js/lib/languages/java"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  json: () => import("highlight.js/lib/languages/json"),
  kotlin: () => import("highlight.js/lib/languages/kotlin"),
  lua: () => import("highlight.js/lib/languages/lua"),
  makefile: () => import("highlight.js/lib/languages/makefile"),
  markdown: () => import("highlight.js/lib/languages/markdown"),
  php: () => import("highlight.js/lib/languages/php"),
  python: () => import("highlight.js/lib/languages/python"),
  ruby: () => import("highlight.js/lib/languages/ruby"),
  rust: () => import("highlight.js/lib/languages/rust"),
  sql: () => import("highlight.js/lib/languages/sql"),
  swift: () => import("highlight.js/lib/languages/swift"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
};

const NAMES: Record<string, string> = {
  sh: "bash",
  shell: "bash",
  zsh: "bash",
  console: "bash",
  h: "c",
  "c++": "cpp",
  cc: "cpp",
  hpp: "cpp",
  cs: "csharp",
  patch: "diff",
  docker: "dockerfile",
  golang: "go",
  toml: "ini",
  js: "javascript",
  jsx: "javascript",
  mjs: "javascript",
  jsonc: "json",
  kt: "kotlin",
  make: "makefile",
  md: "markdown",
  py: "python",
  rb: "ruby",
  rs: "rust",
  ts: "typescript",
  tsx: "typescript",
  html: "xml",
  svg: "xml",
  svelte: "xml",
  vue: "xml",
  yml: "yaml",
};

/** The language of a fence (`rust`, `rs,ignore`) as it is known here; none when it is not. */
export function languageOf(name: string): string | null {
  const plain =
    name
      .trim()
      .toLowerCase()
      .split(/[\s,{]/)[0] ?? "";
  const known = NAMES[plain] ?? plain;
  return Object.hasOwn(LANGUAGES, known) ? known : null;
}

let engine: Promise<HLJSApi> | null = null;
const loaded = new Map<string, Promise<HLJSApi>>();

async function withLanguage(language: string, load: Load): Promise<HLJSApi> {
  engine ??= import("highlight.js/lib/core").then((module) => module.default);
  const [hljs, grammar] = await Promise.all([engine, load()]);
  hljs.registerLanguage(language, grammar.default);
  return hljs;
}

/** Pieces of `code`, or none when its language is not known or it is too long. */
export async function highlight(code: string, name: string): Promise<Piece[] | null> {
  const language = languageOf(name);
  const load = language === null ? undefined : LANGUAGES[language];
  if (language === null || !load || code.length > HIGHLIGHT_MAX_CHARS) return null;
  const ready = loaded.get(language) ?? withLanguage(language, load);
  loaded.set(language, ready);
  try {
    return piecesOf((await ready).highlight(code, { language, ignoreIllegals: true }).value);
  } catch {
    // A grammar that did not arrive or gave up: plain text is right, too.
    loaded.delete(language);
    return null;
  }
}

const ENTITIES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'" };
const PART = /<span class="hljs-([^" ]+)[^>]*>|<span[^>]*>|<\/span>|[^<]+/g;

/** The engine's markup as pieces; the innermost kind counts. */
export function piecesOf(markup: string): Piece[] {
  const pieces: Piece[] = [];
  const kinds: string[] = [];
  for (const [part, kind] of markup.matchAll(PART)) {
    if (part === "</span>") kinds.pop();
    else if (part.startsWith("<span")) kinds.push(kind ?? kinds.at(-1) ?? "");
    else
      pieces.push({
        text: part.replace(/&(?:amp|lt|gt|quot|#x27);/g, (entity) => ENTITIES[entity] ?? entity),
        kind: kinds.at(-1) ?? "",
      });
  }
  return pieces;
}
