/** The characters that are written by their number, and those that people write with. */
import { expect, test } from "vitest";
import { visible } from "./visible";

test("security_16 what is not seen is written by its number", () => {
  const cases: [string, string][] = [
    ["plain text\n\twith lines", "plain text\n\twith lines"],
    ["a\u202eb", "a‹U+202E›b"],
    ["\u061c\u2066\u2069\u200b\u3164", "‹U+061C›‹U+2066›‹U+2069›‹U+200B›‹U+3164›"],
    ["\u001b[31m\u0007\r", "‹U+001B›[31m‹U+0007›‹U+000D›"],
    ["\u{e0041}\u{10fffd}", "‹U+E0041›‹U+10FFFD›"],
    ["a\ufe0f", "a‹U+FE0F›"],
    ["\u2764\ufe0f\ufe0f", "\u2764\ufe0f‹U+FE0F›"],
    ["rm\u200d x", "rm‹U+200D› x"],
    ["rm\u00a0-rf\u3000x\u202fy", "rm‹U+00A0›-rf‹U+3000›x‹U+202F›y"],
    ["\u06001\u070f\u08e2\u{110bd}\u2800", "‹U+0600›1‹U+070F›‹U+08E2›‹U+110BD›‹U+2800›"],
  ];
  for (const [text, expected] of cases) {
    expect(visible(text)).toBe(expected);
    expect(visible(visible(text))).toBe(expected);
  }
});

test("security_16 what people write with stays", () => {
  for (const text of [
    "Grüße, 日本語, עברית",
    "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
    "1\ufe0f\u20e3",
    "می\u200cخواهم",
    "क\u094d\u200dष",
    "\u3000日本語。\u3000次の文",
  ]) {
    expect(visible(text)).toBe(text);
  }
});
