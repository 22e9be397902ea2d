/**
 * No circle between modules: what imports something is never imported by it, however far around.
 *
 * Types count as well: two files that need each other's types are one noun in two files. An `import()` counts too.
 */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const HERE = import.meta.dirname;
const SCRIPT = /<script[^>]*>([\s\S]*?)<\/script>/g;

const files = new Set(
  readdirSync(HERE, { recursive: true, encoding: "utf8" }).filter((path) => /\.(svelte|ts)$/.test(path)),
);

/** The file that `specifier` means in `from`; none outside of `src`. */
function resolved(from: string, specifier: string): string[] {
  if (!specifier.startsWith(".")) return [];
  const path = normalize(join(dirname(from), specifier));
  return [path, `${path}.ts`, join(path, "index.ts")].filter((name) => files.has(name)).slice(0, 1);
}

function importsOf(path: string): string[] {
  const source = readFileSync(join(HERE, path), "utf8");
  const script = path.endsWith(".svelte") ? [...source.matchAll(SCRIPT)].map(([, code]) => code).join("\n") : source;
  const { importedFiles } = ts.preProcessFile(script, true, true);
  // A component that shows itself inside of itself imports itself: that is how Svelte spells it.
  return importedFiles.flatMap(({ fileName }) => resolved(path, fileName)).filter((found) => found !== path);
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** The first circle that is found, each file once; empty when there is none. */
function circle(graph: Graph): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (path: string): string[] => {
    if (way.includes(path)) return way.slice(way.indexOf(path));
    if (done.has(path)) return [];
    way.push(path);
    for (const next of graph.get(path) ?? []) {
      const found = visit(next);
      if (found.length > 0) return found;
    }
    way.pop();
    done.add(path);
    return [];
  };
  for (const path of graph.keys()) {
    const found = visit(path);
    if (found.length > 0) return found;
  }
  return [];
}

test("a circle is found, and its files are named", () => {
  const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));
  expect(circle(graph({ a: ["b"], b: ["c"], c: [] }))).toEqual([]);
  expect(circle(graph({ a: ["b"], b: ["c"], c: ["b"] }))).toEqual(["b", "c"]);
});

test("no module imports itself in a circle", () => {
  const graph = new Map([...files].sort().map((path) => [path, importsOf(path)]));
  expect(graph.get("main.ts")).toContain("state/app.svelte.ts");
  expect(circle(graph)).toEqual([]);
});
