/**
 * Every action of the window: id, title, keys, when, run. Menus, palette, sheet and keys read it.
 *
 * Promise: one entry per action; a key means the same wherever its zone allows it.
 * Must not know: components.
 */
import type { App } from "../state/app.svelte";
import type { Pane } from "../state/panes.svelte";
import { isBusy } from "../state/phase";
import { keysOf } from "../state/keymap";
import { ANYWHERE, BOARD, ROW, type Action } from "./action";
import { REVIEW } from "./review";
import { ROUTINES } from "./routines";
import { keyCaps, type Zone } from "../kit/keys";

const selected = (app: App): boolean => app.selection.view !== null;
const always = (): boolean => true;
/** What belongs to the board's window: a window of one session may not do it. */
const withBoard = (app: App): boolean => !app.navigation.solo;

function onSelected(verb: (app: App, id: string) => void): (app: App) => void {
  return (app) => {
    const { view } = app.selection;
    if (view) verb(app, view.id);
  };
}

const MOVE: Action[] = [
  move("move.up", "Select the row above", "Up", (app) => app.navigation.step(-1)),
  move("move.down", "Select the row below", "Down", (app) => app.navigation.step(1)),
  move("move.first", "Select the first row", "Home", (app) => app.navigation.toEdge(false)),
  move("move.last", "Select the last row", "End", (app) => app.navigation.toEdge(true)),
];

function move(id: string, title: string, key: string, run: (app: App) => void): Action {
  // In the filter field the arrows move the selection, and Home and End the caret.
  const zones: Zone[] = key === "Up" || key === "Down" ? [...ROW, "filter"] : ROW;
  return { id, title, section: "Move", keys: [key], zones, when: always, run, keyOnly: true, repeats: true };
}

const ARRANGE: Action[] = [
  {
    id: "board.grouping",
    title: "Group by state or by directory",
    section: "Board",
    keys: ["Ctrl+S"],
    zones: [...ROW, "pane"],
    when: (app) => app.board.sessions.size > 0,
    run: (app) => app.boardLayout.toggleGrouping(),
  },
  {
    id: "row.up",
    title: "Move the row up in its group",
    section: "Board",
    keys: ["Shift+Up"],
    zones: ROW,
    when: selected,
    run: (app) => void app.selection.shift(-1),
    repeats: true,
  },
  {
    id: "row.down",
    title: "Move the row down in its group",
    section: "Board",
    keys: ["Shift+Down"],
    zones: ROW,
    when: selected,
    run: (app) => void app.selection.shift(1),
    repeats: true,
  },
  {
    id: "group.toggle",
    title: "Expand or collapse the group",
    section: "Board",
    keys: ["Enter"],
    zones: ["header"],
    when: (app) => groupAtHand(app) !== null,
    run: (app) => {
      const group = groupAtHand(app);
      if (group !== null) app.selection.toggleGroup(group);
    },
  },
  {
    id: "group.unfold",
    title: "Show or hide older completed sessions",
    section: "Board",
    keys: [],
    zones: [],
    when: (app) => !app.filter.active,
    run: (app) => app.selection.toggleFolds(),
  },
];

/** The group of the header that has the keyboard, else of the selected row. */
function groupAtHand(app: App): string | null {
  return app.selection.header ?? app.selection.groupOfSelected?.id ?? null;
}

const anyChecked = (app: App): boolean => app.multiSelect.any;

const MULTI_SELECT: Action[] = [
  {
    id: "marks.toggle",
    title: "Select or deselect",
    section: "Selection",
    keys: ["x"],
    zones: BOARD,
    when: selected,
    run: onSelected((app, id) => app.multiSelect.toggle(id)),
  },
  {
    id: "marks.all",
    title: "Select all visible",
    section: "Selection",
    keys: ["Ctrl+A"],
    zones: ROW,
    when: (app) => app.selection.rows.length > 0,
    run: (app) => app.multiSelect.all(app.selection.rows),
  },
  {
    id: "marks.reply",
    title: "Reply to all selected",
    section: "Selection",
    keys: ["r"],
    zones: BOARD,
    when: (app) => anyChecked(app) && app.multiSelect.agents.length > 0,
    run: (app) => {
      app.multiSelect.replying = true;
    },
  },
  {
    id: "marks.clear",
    title: "Clear the selection",
    section: "Selection",
    keys: [],
    zones: [],
    when: anyChecked,
    run: (app) => app.multiSelect.clear(),
  },
];

const SESSION: Action[] = [
  {
    id: "session.peek",
    title: "Peek",
    section: "Session",
    keys: ["Space"],
    zones: BOARD,
    when: selected,
    run: (app) => app.selection.togglePeek(),
  },
  {
    id: "session.open",
    title: "Open",
    section: "Session",
    keys: ["Enter", "Right"],
    zones: BOARD,
    when: selected,
    run: onSelected((app, id) => app.navigation.open(id)),
  },
  {
    id: "session.openAnother",
    title: "Open in another pane",
    section: "Session",
    keys: ["Ctrl+Enter"],
    zones: BOARD,
    when: selected,
    run: onSelected((app, id) => app.navigation.open(id, "column")),
  },
  {
    id: "session.openTab",
    title: "Open as a tab of the current pane",
    section: "Session",
    keys: ["Ctrl+Shift+Enter"],
    zones: BOARD,
    when: selected,
    run: onSelected((app, id) => app.navigation.open(id, "tab")),
  },
  {
    id: "session.pin",
    title: "Pin or unpin",
    section: "Session",
    keys: ["Ctrl+T"],
    zones: ANYWHERE,
    when: selected,
    run: (app) => void (app.selection.view && app.sessions.togglePin(app.selection.view)),
  },
  {
    id: "session.rename",
    title: "Rename",
    section: "Session",
    keys: ["Ctrl+R", "F2"],
    zones: ANYWHERE,
    when: selected,
    run: (app) => {
      app.selection.renaming = app.selection.id;
    },
  },
  {
    id: "session.stop",
    title: "Stop (press again to delete)",
    section: "Session",
    keys: ["Ctrl+X"],
    zones: ROW,
    when: (app) => selected(app) || anyChecked(app),
    run: (app) => void app.removal.stopOrDeleteChosen(),
  },
  {
    id: "session.why",
    title: "Why this state?",
    section: "Session",
    keys: ["Ctrl+Y"],
    zones: [...ROW, "peek", "pane"],
    when: selected,
    run: (app) => app.selection.toggleWhy(),
  },
  {
    id: "session.standing",
    title: "Automation: goals, loops, cron tasks",
    section: "Session",
    keys: ["Ctrl+G"],
    zones: [...ROW, "peek", "pane"],
    when: (app) => app.selection.view?.kind === "agent",
    run: (app) => app.selection.toggleAutomation(),
  },
  {
    id: "session.reply",
    title: "Reply with a suggestion",
    section: "Session",
    keys: ["Tab"],
    zones: BOARD,
    when: (app) => app.selection.peeking && app.selection.view?.kind === "agent",
    run: (app) => void (app.selection.view && app.navigation.replyInPeek(app.selection.view)),
  },
  {
    id: "session.surface",
    title: "Switch between conversation and the agent's terminal",
    section: "Session",
    keys: [],
    zones: [],
    when: (app) => {
      const { view } = app.selection;
      return view !== null && app.sessions.otherSurface(view) !== null && !isBusy(view);
    },
    run: (app) => void (app.selection.view && app.sessions.switchSurface(app.selection.view)),
  },
  {
    id: "session.interrupt",
    title: "Interrupt the running turn",
    section: "Session",
    keys: [],
    zones: [],
    when: (app) => {
      const { view } = app.selection;
      return view !== null && view.kind === "agent" && isBusy(view);
    },
    run: onSelected((app, id) => void app.sessions.interrupt(id)),
  },
];

const UNDO: Action[] = [
  {
    id: "undo.delete",
    title: "Undo the last delete",
    section: "Board",
    keys: ["Ctrl+Z"],
    zones: [...ROW, "pane"],
    when: (app) => app.pendingRemovals.list.length > 0,
    run: (app) => app.pendingRemovals.undoLast(),
  },
];

const FILTER: Action[] = [
  {
    id: "filter.focus",
    title: "Filter the board",
    section: "Board",
    keys: ["/", "Ctrl+F"],
    zones: ROW,
    when: always,
    run: (app) => app.filter.focus(),
  },
  {
    id: "filter.clear",
    title: "Clear the filter",
    section: "Board",
    keys: [],
    zones: [],
    when: (app) => app.filter.active,
    run: (app) => app.filter.clear(),
  },
  {
    id: "filter.leave",
    title: "Clear or leave the filter",
    section: "Board",
    keys: ["Esc"],
    zones: ["filter"],
    when: always,
    run: (app) => app.navigation.leaveFilter(),
    keyOnly: true,
  },
  {
    id: "filter.rows",
    title: "Go to the filter results",
    section: "Board",
    keys: ["Enter"],
    zones: ["filter"],
    when: always,
    run: (app) => app.navigation.focusBoard(),
    keyOnly: true,
  },
];

/** Also in a terminal, which is told to leave these keys alone. */
const ALSO_TERMINAL: Zone[] = [...ANYWHERE, "terminal"];
const severalTabs = (app: App): boolean => (app.panes.column?.tabs.length ?? 0) > 1;

function onCurrent(verb: (app: App, pane: Pane) => void): (app: App) => void {
  return (app) => {
    const front = app.panes.column?.front;
    if (front) verb(app, front);
  };
}

const PANES: Action[] = [
  {
    id: "back",
    title: "Close the peek, selection, filter or pane",
    section: "Panes",
    keys: ["Esc", "Left"],
    zones: ROW,
    when: always,
    run: (app) => app.navigation.back(false),
    keyOnly: true,
  },
  {
    id: "back.input",
    title: "Go from the input to the board",
    section: "Panes",
    keys: ["Esc"],
    zones: ["dispatch", "peek", "text", "overlay"],
    when: always,
    run: (app) => app.navigation.back(false),
    keyOnly: true,
  },
  {
    id: "pane.back",
    title: "Back to the board",
    section: "Panes",
    keys: ["Esc", "Left"],
    zones: ["pane"],
    when: always,
    run: (app) => app.navigation.back(true),
    keyOnly: true,
  },
  {
    id: "pane.stop",
    title: "Stop the open session (press again to delete)",
    section: "Panes",
    keys: ["Ctrl+X"],
    zones: ["pane", "review", "diff"],
    when: (app) => app.openView !== null,
    run: (app) => void (app.openView && app.removal.stopOrDelete(app.openView)),
    keyOnly: true,
  },
  {
    id: "pane.find",
    title: "Find in the open session",
    section: "Panes",
    keys: ["Ctrl+F"],
    zones: ["pane", "composer"],
    when: (app) => app.openView !== null && app.openReview === null,
    run: (app) => app.panes.find(app.panes.current),
  },
  {
    id: "pane.close",
    title: "Close the pane",
    section: "Panes",
    keys: ["Ctrl+W"],
    zones: ANYWHERE,
    when: (app) => !app.panes.empty,
    run: (app) => {
      if (app.panes.current !== null) app.navigation.closePane(app.panes.current);
    },
  },
  {
    id: "pane.nextTab",
    title: "Next tab",
    section: "Panes",
    keys: ["Ctrl+Tab"],
    zones: ALSO_TERMINAL,
    when: severalTabs,
    run: (app) => app.panes.step(1),
    repeats: true,
  },
  {
    id: "pane.previousTab",
    title: "Previous tab",
    section: "Panes",
    keys: ["Ctrl+Shift+Tab"],
    zones: ALSO_TERMINAL,
    when: severalTabs,
    run: (app) => app.panes.step(-1),
    repeats: true,
  },
  {
    id: "pane.split",
    title: "Move the tab to a new pane",
    section: "Panes",
    keys: ["Ctrl+Shift+S"],
    zones: ALSO_TERMINAL,
    when: (app) => severalTabs(app) && app.panes.hasRoom,
    run: onCurrent((app, pane) => app.panes.split(pane.key)),
  },
  {
    id: "pane.window",
    title: "Move to a separate window or back",
    section: "Panes",
    keys: ["Ctrl+Shift+O"],
    zones: ALSO_TERMINAL,
    when: (app) => app.openView !== null,
    run: onCurrent(
      (app, pane) => void (app.navigation.solo ? app.navigation.putBack(pane) : app.navigation.popOut(pane)),
    ),
  },
  {
    id: "pane.leave",
    title: "Go from the pane to the board",
    section: "Panes",
    keys: ["Alt+Left", "Ctrl+\\"],
    zones: ["pane", "review", "diff", "composer", "terminal"],
    when: (app) => !app.panes.empty,
    run: (app) => app.navigation.focusBoard(),
    keyOnly: true,
  },
];

const WINDOW: Action[] = [
  {
    id: "window.palette",
    title: "Command palette",
    section: "Window",
    keys: ["Ctrl+K"],
    zones: [...ANYWHERE, "overlay"],
    when: always,
    run: (app) => {
      app.navigation.toggle("palette");
    },
    keyOnly: true,
  },
  {
    id: "window.settings",
    title: "Settings",
    section: "Window",
    keys: ["Ctrl+,"],
    zones: [...ANYWHERE, "overlay"],
    when: withBoard,
    run: (app) => {
      app.navigation.toggle("settings");
    },
  },
  {
    id: "window.keys",
    title: "Keyboard shortcuts",
    section: "Window",
    keys: ["?"],
    zones: ["board", "button", "header", "pane", "review", "diff", "overlay"],
    when: (app) => app.navigation.overlay !== "palette",
    run: (app) => {
      app.navigation.toggle("keys");
    },
  },
  {
    id: "window.receipts",
    title: "Notification log",
    section: "Window",
    keys: [],
    zones: [],
    when: withBoard,
    run: (app) => {
      app.navigation.overlay = "receipts";
    },
  },
  {
    id: "window.worktrees",
    title: "Worktrees",
    section: "Window",
    keys: ["Alt+w"],
    zones: [...ANYWHERE, "overlay"],
    when: withBoard,
    run: (app) => {
      app.navigation.toggle("worktrees");
    },
  },
  {
    id: "window.dispatch",
    title: "New session",
    section: "Window",
    keys: ["Ctrl+N"],
    zones: ANYWHERE,
    when: withBoard,
    run: (app) => app.dispatch.focus(),
  },
];

/** Rows that a digit opens: `Alt+1` is the first row on screen. */
const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

const OPEN_NTH: Action[] = DIGITS.map((digit) => ({
  id: `open.${digit}`,
  title: `Open row ${digit}`,
  section: "Panes",
  keys: [`Alt+${digit}`],
  zones: ANYWHERE,
  when: (app: App) => app.selection.rows.length >= digit,
  run: (app: App) => {
    const row = app.selection.rows[digit - 1];
    if (row) app.navigation.open(row.id);
  },
  keyOnly: true,
}));

export const ACTIONS: readonly Action[] = [
  ...MOVE,
  ...FILTER,
  ...ARRANGE,
  ...MULTI_SELECT,
  ...SESSION,
  ...UNDO,
  ...REVIEW,
  ...PANES,
  ...WINDOW,
  ...ROUTINES,
  ...OPEN_NTH,
];

/** What a window without a board offers: everything about its one session. */
const IN_SESSION_WINDOW: ReadonlySet<string> = new Set([
  "session.pin",
  "session.surface",
  "session.interrupt",
  "back.input",
  "pane.stop",
  "pane.find",
  "pane.close",
  "pane.window",
  "window.palette",
  "window.keys",
  "window.settings",
]);

/** Whether an action means anything in this kind of window. */
export function isOffered(entry: Action, app: App): boolean {
  return !app.navigation.solo || entry.section === "Review" || IN_SESSION_WINDOW.has(entry.id);
}

export function action(id: string): Action {
  const found = ACTIONS.find((entry) => entry.id === id);
  if (!found) throw new Error(`no action ${id}`);
  return found;
}

/** The keys that are in force for an action: those of the settings, else its own. */
export function keysFor(app: App, entry: Action): readonly string[] {
  return keysOf(entry, app.settings.get("keys", entry.id));
}

/** The first key of an action as a person reads it, for tips; empty when it has none. */
export function hintFor(app: App, id: string): string {
  return keyCaps(keysFor(app, action(id))[0] ?? "").join(" ");
}

/** The action that `chord` means in `zone`, if it may run now. */
export function actionFor(chord: string, zone: Zone, app: App): Action | null {
  const fits = (entry: Action) =>
    keysFor(app, entry).includes(chord) && entry.zones.includes(zone) && isOffered(entry, app) && entry.when(app);
  return ACTIONS.find(fits) ?? null;
}
