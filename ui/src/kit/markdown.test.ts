/** Markdown as data. */
import { expect, test } from "vitest";
import { externalUrl } from "../backend/api";
import { blocksOf, decodeEntities, tokensOf } from "./markdown";

test("blocks that are complete stay the same strings while more is streamed", () => {
  const before = blocksOf("# Title\n\nfirst para\n\n- a\n- b");
  const after = blocksOf("# Title\n\nfirst para\n\n- a\n- b\n- c\n\nmore");
  expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  expect(after.at(-1)).toBe("more");
});

test("raw HTML is a token of its own, never an element", () => {
  const kinds = tokensOf("<img src=x onerror=alert(1)>").map((token) => token.type);
  expect(kinds).toEqual(["html"]);
});

test("character references are read, hostile ones are left", () => {
  expect(decodeEntities("a &lt; b &amp; c &#8212; &#x41;")).toBe("a < b & c — A");
  expect(decodeEntities("&bogus; &#0; &#xD800;")).toBe("&bogus; &#0; &#xD800;");
});

test.each([
  ["https://example.org/a", true],
  ["mailto:ada@example.org", true],
  ["javascript:alert(1)", false],
  ["file:///etc/passwd", false],
  ["data:text/html,x", false],
  ["//example.org", false],
  ["tauri://localhost", false],
])("%s may leave the window: %s", (href, allowed) => {
  expect(externalUrl(href) !== null).toBe(allowed);
});
