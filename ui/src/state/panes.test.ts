/** Columns and tabs: where a session opens, what closing leaves, and that nothing seen is lost. */
import { beforeEach, expect, test, vi } from "vitest";
import { COLUMNS_MAX, Panes, TABS_MAX } from "./panes.svelte";

vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });

let panes: Panes;
beforeEach(() => {
  panes = new Panes();
});

/** Each column's sessions, the one in front in capitals. */
function seen(): string[] {
  return panes.columns.map((column) =>
    column.tabs.map((pane) => (pane === column.front ? pane.session.toUpperCase() : pane.session)).join(" "),
  );
}

function open(...sessions: string[]): void {
  for (const session of sessions) panes.open(session);
}

function key(session: string): number {
  const found = panes.list.find((pane) => pane.session === session);
  if (!found) throw new Error(`${session} is not open`);
  return found.key;
}

test("sessions open side by side while there is room, then as tabs, and nothing closes", () => {
  open("a", "b", "c", "d", "e", "f");
  expect(COLUMNS_MAX).toBe(4);
  expect(seen()).toEqual(["A", "B", "C", "d e F"]);
  panes.open("a");
  panes.open("g");
  expect(seen()).toEqual(["a G", "B", "C", "d e F"]);
});

test("a narrow window holds fewer columns, and always one", () => {
  panes.measured(750);
  open("a", "b", "c");
  expect(seen()).toEqual(["A", "b C"]);
  panes = new Panes();
  panes.measured(100);
  open("a", "b");
  expect(seen()).toEqual(["a B"]);
});

test("an open session comes in front, in whichever column it is", () => {
  open("a", "b");
  panes.open("c", "tab");
  panes.open("b");
  expect(seen()).toEqual(["A", "B c"]);
  expect(panes.current).toBe(key("b"));
  // As a tab it may be open in a second place.
  panes.open("a", "tab");
  expect(seen()).toEqual(["A", "b c A"]);
  panes.open("a", "tab");
  expect(seen()).toEqual(["A", "b c A"]);
  panes.open("a", "column");
  expect(seen()).toEqual(["A", "b c A", "A"]);
});

test("tabs are gone through round and round, each taking the keyboard", () => {
  open("a");
  panes.open("b", "tab");
  panes.open("c", "tab");
  const turn = panes.focusTurn;
  panes.step(1);
  expect(seen()).toEqual(["A b c"]);
  panes.step(-1);
  panes.step(-1);
  expect(seen()).toEqual(["a B c"]);
  expect(panes.focusTurn).toBe(turn + 3);
  // Taken once, and not again by what is only shown.
  expect(panes.takesTurn(key("b"))).toBe(true);
  panes.show(key("c"));
  expect(panes.takesTurn(key("c"))).toBe(false);
  panes.show(key("b"));
  expect(panes.current).toBe(key("b"));
});

test("a turn to take the keyboard is void as soon as the user acts elsewhere", () => {
  open("a");
  panes.focus(key("a"));
  panes.acted("a");
  expect(panes.takesTurn(key("a"))).toBe(true);
  for (const elsewhere of [null, "b"]) {
    panes.focus(key("a"));
    panes.acted(elsewhere);
    expect(panes.takesTurn(key("a"))).toBe(false);
  }
  // Asked for before, it comes without the keyboard.
  const asked = panes.moment;
  panes.acted(null);
  panes.open("c", "usual", asked);
  expect(panes.current).toBe(key("c"));
  expect(panes.takesTurn(key("c"))).toBe(false);
  panes.open("c");
  expect(panes.takesTurn(key("c"))).toBe(true);
});

test("closing shows the next tab, then the one before, then another column", () => {
  open("x", "a");
  panes.open("b", "tab");
  panes.open("c", "tab");
  panes.show(key("b"));
  panes.close(key("b"));
  expect(seen()).toEqual(["X", "a C"]);
  expect(panes.current).toBe(key("c"));
  panes.close(key("c"));
  expect(seen()).toEqual(["X", "A"]);
  panes.close(key("a"));
  expect(seen()).toEqual(["X"]);
  expect(panes.current).toBe(key("x"));
  panes.close(key("x"));
  expect(panes.empty).toBe(true);
  expect(panes.current).toBeNull();
});

test("closing what is behind leaves what is in front and the keyboard", () => {
  open("a");
  panes.open("b", "tab");
  panes.close(key("a"));
  expect(seen()).toEqual(["B"]);
  expect(panes.current).toBe(key("b"));
});

test("a tab moves within its column, to another one, and to one of its own", () => {
  open("a", "b");
  panes.open("c", "tab");
  const [first, second] = panes.columns;
  panes.move(key("c"), second?.key ?? 0, key("b"));
  expect(seen()).toEqual(["A", "C b"]);
  panes.move(key("c"), first?.key ?? 0);
  expect(seen()).toEqual(["a C", "B"]);
  panes.move(key("b"), first?.key ?? 0, key("a"));
  expect(seen()).toEqual(["B a c"]);
  panes.split(key("a"));
  expect(seen()).toEqual(["B c", "A"]);
  expect(panes.current).toBe(key("a"));
  // The only tab of a column has one already.
  panes.split(key("a"));
  expect(seen()).toEqual(["B c", "A"]);
});

test("a full column gives up its oldest tab", () => {
  open("first");
  for (let n = 0; n < TABS_MAX; n += 1) panes.open(`s${n}`, "tab");
  expect(panes.list).toHaveLength(TABS_MAX);
  expect(panes.isOpen("first")).toBe(false);
  expect(panes.current).toBe(key(`s${TABS_MAX - 1}`));
});

test("a session that is removed leaves no pane in any column", () => {
  open("a", "b");
  panes.open("a", "column");
  panes.review(key("a"), true);
  panes.closeSession("a");
  expect(seen()).toEqual(["B"]);
  expect(panes.reviewing.size).toBe(0);
});

test("what was opened before the width is known becomes tabs where it does not fit", () => {
  open("a", "b", "c", "d");
  panes.measured(750);
  expect(seen()).toEqual(["A", "b c D"]);
  expect(panes.list.find((pane) => pane.key === panes.current)?.session).toBe("d");
  panes.measured(100);
  expect(seen()).toEqual(["A", "b c D"]);
});
