/**
 * The window's one key listener: event → zone → action, digit answer or typing.
 *
 * Promise: a key that types never acts, a terminal keeps its keys, and a plain letter on the board
 * goes to the dispatch input. A digit answers a request or does nothing; a key that is held moves, it neither
 * answers nor begins to type. Must not know: components.
 */
import { ANSWER_AFTER_MS } from "../backend/api";
import { keyTarget, wasGivenWithin } from "../kit/focusOwner";
import type { App } from "../state/app.svelte";
import { chordOf, composes, isPrintable, type Zone } from "../kit/keys";
import { actionFor } from "./registry";

/** The nearest `data-zone` says where the keyboard is; a button in between keeps its own keys. */
export function zoneOf(target: EventTarget | null): Zone {
  if (!(target instanceof Element)) return "board";
  const named = target.closest("[data-zone]")?.getAttribute("data-zone");
  const zone = isZone(named) ? named : "board";
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
  const target = keyTarget(event);
  const zone = app.navigation.overlay === "none" ? zoneOf(target) : "overlay";
  const chord = chordOf(event);
  if (ANSWERING.includes(zone) && /^[0-9]$/.test(chord)) {
    event.preventDefault();
    const card = target instanceof Element ? app.answering.cardAt(target) : null;
    if (card) app.answering.digit(card, Number(chord));
    return;
  }
  // The button that it was meant for has just gone.
  if (ANSWERING.includes(zone) && (chord === "Enter" || chord === "Space") && wasGivenWithin(ANSWER_AFTER_MS)) {
    event.preventDefault();
    return;
  }
  const found = actionFor(chord, zone, app);
  if (found) {
    event.preventDefault();
    if (!event.repeat || found.repeats) found.run(app);
    return;
  }
  // Moving the focus during the key lets the letter land in the input.
  if (zone === "board" && isPrintable(event) && !event.repeat) app.dispatch.focus();
}

/** Where a digit belongs to the request that is shown there: nothing else begins with one. */
const ANSWERING: readonly Zone[] = ["board", "button", "header", "pane"];
