/** What links open: the same cases as in Rust; and what is shown of their targets. */
import { expect, test } from "vitest";
import cases from "./links.cases.json";
import { externalUrl, linkTarget } from "./links";

test.each(cases)("security_18_mailto and other links: $link", ({ link, opened }) => {
  expect(externalUrl(link)).toBe(opened);
});

test("what is too long for a person is no link", () => {
  expect(externalUrl(`https://example.org/${"a".repeat(8 * 1024)}`)).toBeNull();
});

test.each([
  ["https://example.org", "https://example.org", null],
  ["https://example.org/a?b=c", "example.org/a?b=c", null],
  ["https://example.org/", " example.org ", null],
  ["mailto:a@example.org", "a@example.org", null],
  ["http://127.0.0.1:4790/evil.html", "https://docs.rs", "127.0.0.1:4790"],
  ["https://example.org/guide", "the guide", "example.org"],
  ["https://example.org/guide", "example.org", "example.org"],
  ["https://docs.rs@evil.example/", "https://docs.rs@evil.example/", "evil.example"],
  ["https://аpple.com/", "https://аpple.com/", "xn--pple-43d.com"],
  ["https://example.org/", "", "example.org"],
  ["https://evil.example/", "https://evil.example/\u202egro.elpmaxe", "evil.example"],
  ["mailto:evil@example.org", "support", "evil@example.org"],
  ["mailto:?subject=x", "write", "mail"],
])("security_10 %s with the text %j shows its place: %j", (link, text, beside) => {
  expect(linkTarget(link, text)?.beside).toBe(beside);
});
