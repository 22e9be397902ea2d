/**
 * Everything that the window says, in one file: `strings.txt`, one line each, by source file.
 *
 * A change of words is seen as a change of words, and whoever writes a new sentence sees its
 * neighbours. After an intended change: `npx vitest run src/strings.test.ts --update`.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse, type AST } from "svelte/compiler";
import ts from "typescript";
import { expect, test } from "vitest";

const HERE = import.meta.dirname;
/** Not said by the window: what the backend for tests plays, the page that shows the kit, types, tests. */
const LEFT_OUT = /^(backend\/(fake|generated)|views\/kit)\/|\.test\.ts$|\.d\.ts$/;
const KEYS = /^(Enter|Escape|Esc|Space|Tab|Up|Down|Left|Right|Home|End|Ctrl|Alt|Shift|Meta|Control|Backspace)$/;
/** Attributes whose plain text a person reads or hears. */
const READ = new Set([
  "label",
  "title",
  "hint",
  "placeholder",
  "aria-label",
  "alt",
  "text",
  "heading",
  "empty",
  "note",
]);

function sources(): string[] {
  const found = readdirSync(HERE, { recursive: true, encoding: "utf8" });
  return found.filter((path) => /\.(svelte|ts)$/.test(path) && !LEFT_OUT.test(path)).sort();
}

/** A sentence, a label or a part of one: not a class, a key, a path or a type. */
function isSaid(text: string): boolean {
  const own = text.replaceAll("${…}", "…");
  if (!/[A-Za-z]{2}/.test(own) || KEYS.test(own)) return false;
  if (/^([a-z-]+, )+[a-z-]+$|^\([a-z-]+: |px\b/.test(own)) return false;
  return /^[A-Z][a-z]+$/.test(own) || (/\S\s+\S/.test(own) && !/[{};=<>]/.test(own));
}

function tidy(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The texts of string literals and templates in a script; `${…}` stands for what is filled in. */
function inScript(source: string): string[] {
  const file = ts.createSourceFile("x.ts", source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    else if (ts.isTemplateExpression(node)) {
      found.push(node.head.text + node.templateSpans.map((span) => `\${…}${span.literal.text}`).join(""));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

type Node = { type: string; start: number; end: number } & Record<string, unknown>;

/** The texts of a component's markup, with those of the expressions in it. */
function inMarkup(source: string, fragment: AST.Fragment): string[] {
  const found: string[] = [];
  const expression = (node: Node) => found.push(...inScript(`(${source.slice(node.start, node.end)})`));
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (value === null || typeof value !== "object" || !("type" in value)) return;
    const node = value as Node;
    if (node.type === "Text") return void found.push(node["data"] as string);
    if (node.type === "Attribute") return attribute(node);
    if (/(Expression|Literal|Identifier)$/.test(node.type)) return void expression(node);
    for (const [key, part] of Object.entries(node)) if (key !== "metadata") visit(part);
  };
  const attribute = (node: Node): void => {
    const parts = [node["value"]].flat() as Node[];
    const isRead = READ.has(node["name"] as string);
    for (const part of parts) {
      if (part.type === "Text" ? isRead : part.type === "ExpressionTag") visit(part);
    }
  };
  visit(fragment);
  return found;
}

function said(path: string): string[] {
  const source = readFileSync(join(HERE, path), "utf8");
  if (path.endsWith(".ts")) return inScript(source);
  const tree = parse(source, { modern: true });
  const scripts = [tree.module, tree.instance].map((script) => {
    const body = script?.content as unknown as Node | undefined;
    return body ? source.slice(body.start, body.end) : "";
  });
  return [...scripts.flatMap(inScript), ...inMarkup(source, tree.fragment)];
}

test("the window says what is written down in strings.txt", async () => {
  const parts = sources().map((path) => {
    const texts = [...new Set(said(path).map(tidy).filter(isSaid))];
    return texts.length === 0 ? "" : `${path}\n${texts.map((text) => `  ${text}\n`).join("")}\n`;
  });
  await expect(parts.join("")).toMatchFileSnapshot("strings.txt");
});
