/** Keys and the registry. */
import { expect, test } from "vitest";
import { terminalLeaves, chordOf } from "../kit/keys";
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
