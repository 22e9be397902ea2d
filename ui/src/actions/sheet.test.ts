/**
 * `docs/keys.md` is what the key sheet says. `cargo xtask docs` writes it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { INPUTS, SECTIONS, sectionLines, TERMINAL, type Line } from "./sheet";

const FILE = new URL("../../../docs/keys.md", import.meta.url);

function table(title: string, lines: readonly Line[]): string {
  const chord = (key: string): string => `\`${key}\``;
  const row = ({ title: what, keys }: Line): string =>
    `| ${keys.map(chord).join(" or ").replaceAll("|", "\\|")} | ${what.replaceAll("|", "\\|")} |`;
  return [`## ${title}`, "", "| Key | What it does |", "| --- | --- |", ...lines.map(row), ""].join("\n");
}

function reference(): string {
  return [
    "# Keys",
    "",
    "<!-- Written by `cargo xtask docs` from ui/src/actions. Do not edit. -->",
    "",
    "These are the keys of the window as it is installed. `?` shows them in the window. Change them in",
    "*Settings → Keys* or in the table `[keys]` of the [settings file](settings.md).",
    "",
    ...SECTIONS.map((section) =>
      table(
        section,
        sectionLines(section, ({ keys }) => keys),
      ),
    ),
    table("Inputs", INPUTS),
    table("Terminals and conversations", TERMINAL),
  ].join("\n");
}

test("the key reference is what the window says", () => {
  const expected = `${reference().trimEnd()}\n`;
  if (process.env["NIGHTSHIFT_UPDATE_DOCS"]) writeFileSync(FILE, expected);
  expect(existsSync(FILE) ? readFileSync(FILE, "utf8") : "", "run `cargo xtask docs`").toBe(expected);
});
