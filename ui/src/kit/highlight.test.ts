/** Code in pieces: nothing is lost or gained, whatever it says. */
import { expect, test } from "vitest";
import { HIGHLIGHT_MAX_CHARS, highlight, languageOf, piecesOf } from "./highlight";

const whole = (pieces: { text: string }[] | null) => pieces?.map((piece) => piece.text).join("");

test.each([
  ["rust", 'fn parse(line: &str) -> Result<Entry, Fault> { "a<b>&amp;" }'],
  ["rs,ignore", "let x = 1; // <script>alert(1)</script>"],
  ["tsx", "const a: string = `</span><img src=x>`;"],
  ["svelte", '<script lang="ts">let x = "&lt;";</script><b on:click={x}>'],
  ["toml", '[a]\nb = "c" # d'],
])("%s comes back whole", async (name, code) => {
  const pieces = await highlight(code, name);
  expect(whole(pieces)).toBe(code);
  expect(pieces?.some((piece) => piece.kind !== "")).toBe(true);
});

test("an unknown language and a long text stay plain", async () => {
  expect(await highlight("x", "klingon")).toBeNull();
  expect(await highlight("x".repeat(HIGHLIGHT_MAX_CHARS + 1), "rust")).toBeNull();
  expect(languageOf("constructor")).toBeNull();
});

test("the innermost kind counts and markup in the text stays text", () => {
  const markup = '<span class="hljs-string">a<span class="hljs-subst">&lt;b&gt;</span>c</span>d';
  expect(piecesOf(markup)).toEqual([
    { text: "a", kind: "string" },
    { text: "<b>", kind: "subst" },
    { text: "c", kind: "string" },
    { text: "d", kind: "" },
  ]);
});
