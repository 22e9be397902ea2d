/**
 * What an action is: id, title, keys, when it is offered, what it does.
 *
 * Must not know: any action.
 */
import type { Zone } from "../kit/keys";
import type { App } from "../state/app.svelte";

export type Section = "Move" | "Board" | "Selection" | "Session" | "Review" | "Panes" | "Window";

export type Action = {
  id: string;
  title: string;
  section: Section;
  keys: string[];
  /** Zones in which the keys count. */
  zones: Zone[];
  when: (app: App) => boolean;
  run: (app: App) => void;
  /** Not offered in the palette: it only makes sense as a key. */
  keyOnly?: boolean;
  /** Runs again and again while its key is held. */
  repeats?: boolean;
};

export const BOARD: Zone[] = ["board"];
/** Where the keyboard is on a row, one of its buttons or a header. */
export const ROW: Zone[] = ["board", "button", "header"];
/** Anywhere but in a terminal, which owns its keys. */
export const ANYWHERE: Zone[] = [...ROW, "filter", "dispatch", "peek", "pane", "review", "diff", "composer", "text"];
