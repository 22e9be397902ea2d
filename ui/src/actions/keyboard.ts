/**
 * The window's one key listener: event → zone → action, digit answer or typing.
 *
 * Promise: a key that types never acts, a terminal keeps its keys, and a plain letter on the board
 * goes to the dispatch input. Must not know: components.
 */
import type { App } from "../state/app.svelte";
import { chordOf, composes, isPrintable, type Zone } from "./keys";
import { actionFor } from "./registry";

/** The nearest `data-zone` says where the keyboard is; a button in between keeps its own keys. */
export function zoneOf(target: EventTarget | null): Zone {
  if (!(target instanceof Element)) return "board";
  const marked = target.closest("[data-zone]")?.getAttribute("data-zone");
  const zone = isZone(marked) ? marked : "board";
  if (zone === "board" && target.closest("input, textarea")) return "text";
  if (zone === "board" && target.closest("button, a, summary") && !target.closest("[data-row-main]")) {
    return "button";
  }
  return zone;
}

const ZONES: readonly string[] = [
  "board",
  "header",
  "filter",
  "dispatch",
  "peek",
  "pane",
  "review",
  "diff",
  "composer",
  "terminal",
  "text",
  "menu",
  "overlay",
];

function isZone(text: string | null | undefined): text is Zone {
  return typeof text === "string" && ZONES.includes(text);
}

export function handleKey(app: App, event: KeyboardEvent): void {
  if (event.defaultPrevented || composes(event)) return;
  const zone = app.overlay === "none" ? zoneOf(event.target) : "overlay";
  const chord = chordOf(event);
  if ((zone === "board" || zone === "button") && answerByDigit(app, chord)) {
    event.preventDefault();
    return;
  }
  const found = actionFor(chord, zone, app);
  if (found) {
    event.preventDefault();
    found.run(app);
    return;
  }
  // Moving the focus during the key lets the letter land in the input.
  if (zone === "board" && isPrintable(event)) app.focusDispatch();
}

/** A digit answers the request that the peek shows. */
function answerByDigit(app: App, chord: string): boolean {
  const { view, peeking } = app.selection;
  if (!peeking || view?.state.type !== "needs_input" || !/^[1-9]$/.test(chord)) return false;
  const need = view.state.needs[0];
  const option = need?.options[Number(chord) - 1];
  if (!need || !option || need.answered) return false;
  void app.answer(view, need, { type: "option", id: option.id });
  return true;
}
