/** Keys and the registry. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { terminalLeaves, chordOf } from "../kit/keys";
import { TERMINAL_THEMES } from "../parts/terminal/themes";
import { ACTIONS } from "./registry";

const press = (key: string, ...mods: string[]) =>
  chordOf({
    key,
    ctrlKey: mods.includes("ctrl"),
    altKey: mods.includes("alt"),
    shiftKey: mods.includes("shift"),
    metaKey: false,
  });

test("chords are named once, whatever the layout", () => {
  expect(press(" ")).toBe("Space");
  expect(press("?", "shift")).toBe("?");
  expect(press("x", "ctrl")).toBe("Ctrl+X");
  expect(press("F", "ctrl", "shift")).toBe("Ctrl+Shift+F");
  expect(
    chordOf({ key: "Unidentified", code: "Tab", ctrlKey: true, shiftKey: true, altKey: false, metaKey: false }),
  ).toBe("Ctrl+Shift+Tab");
  expect(press("Enter", "shift")).toBe("Shift+Enter");
  expect(press("3", "alt")).toBe("Alt+3");
});

test("ids are unique and no chord means two things in one zone", () => {
  const ids = ACTIONS.map((entry) => entry.id);
  expect(new Set(ids).size).toBe(ids.length);
  const seen = new Set<string>();
  for (const entry of ACTIONS) {
    for (const zone of entry.zones) {
      for (const chord of entry.keys) {
        const place = `${zone} ${chord}`;
        expect(seen.has(place), place).toBe(false);
        seen.add(place);
      }
    }
  }
});

test("a terminal keeps its keys, but for those that leave it", () => {
  const taken = ACTIONS.filter((entry) => entry.zones.includes("terminal")).flatMap((entry) => entry.keys);
  expect(taken.length).toBeGreaterThan(4);
  expect(taken.filter((chord) => !terminalLeaves(chord))).toEqual([]);
  expect(["Ctrl+C", "Ctrl+D", "Esc", "Tab", "Ctrl+R", "Left", "a"].filter(terminalLeaves)).toEqual([]);
});

test("silent_settings the settings file knows the actions and themes that there are", () => {
  const source = (name: string) =>
    readFileSync(new URL(`../../../src-tauri/crates/settings/src/${name}.rs`, import.meta.url), "utf8");
  const listed = (text: string) => [...text.matchAll(/"([\w.]+)"/g)].map(([, word]) => word ?? "").sort();
  expect(listed(source("actions"))).toEqual(ACTIONS.map(({ id }) => id).sort());
  const themes = /TERMINAL_THEMES: &\[&str\] =\s*&\[([^\]]*)\]/.exec(source("doubts"))?.[1] ?? "";
  expect(listed(themes)).toEqual([...Object.keys(TERMINAL_THEMES), "window"].sort());
});
