/**
 * What the window shows of a session's state: word, colour, glyph and group. One row for each state.
 *
 * Promise: pure; a new state is a new row here, and nothing else in the window lists states.
 * Must not know: the DOM, the clock.
 */
import type { SessionView, State } from "../backend/api";

export type StateName = State["type"];

type Phase = {
  word: string;
  /** The token of its colour. */
  tone: string;
  /** The token of its word's colour; empty: that of the text around it. */
  textTone: string;
  /** Drawn inside the state's disc; empty: none. */
  glyph: string;
  group: "needs-input" | "working" | "completed";
  /** A turn is under way, or waits for an answer. */
  busy: boolean;
  /** It has nothing to do until somebody or something asks. */
  resting: boolean;
  /** What may follow `s:` in a search. */
  queries: readonly string[];
};

export const PHASES: Readonly<Record<StateName, Phase>> = {
  starting: {
    word: "Starting",
    tone: "--working",
    textTone: "--working",
    glyph: "",
    group: "working",
    busy: false,
    resting: false,
    queries: ["working"],
  },
  working: {
    word: "Working",
    tone: "--working",
    textTone: "--working",
    glyph: "",
    group: "working",
    busy: true,
    resting: false,
    queries: ["working"],
  },
  needs_input: {
    word: "Needs input",
    tone: "--needs",
    textTone: "--needs-text",
    glyph: "M8 4.9v3.7M8 10.9v.1",
    group: "needs-input",
    busy: true,
    resting: false,
    queries: ["blocked", "needs-input"],
  },
  idle: {
    word: "Idle",
    tone: "--idle",
    textTone: "",
    glyph: "M6 8h4",
    group: "completed",
    busy: false,
    resting: true,
    queries: ["idle"],
  },
  completed: {
    word: "Completed",
    tone: "--completed",
    textTone: "--added",
    glyph: "M5.4 8.2 7.2 10 10.6 6.3",
    group: "completed",
    busy: false,
    resting: true,
    queries: ["done", "completed"],
  },
  failed: {
    word: "Failed",
    tone: "--failed",
    textTone: "--failed",
    glyph: "M6 6l4 4M10 6l-4 4",
    group: "completed",
    busy: false,
    resting: false,
    queries: ["failed"],
  },
  stopped: {
    word: "Stopped",
    tone: "--stopped",
    textTone: "",
    glyph: "M6.6 6.6h2.8v2.8H6.6z",
    group: "completed",
    busy: false,
    resting: true,
    queries: ["stopped"],
  },
};

export const STATES = Object.keys(PHASES) as StateName[];

export const stateWord = (state: StateName): string => PHASES[state].word;

/** A turn is under way, or waits for an answer. */
export const isBusy = (view: SessionView): boolean => PHASES[view.state.type].busy;

/** The colour of a state's word, for a style; none leaves it to the text around. */
export function stateColor(state: string): string | undefined {
  const tone = Object.hasOwn(PHASES, state) ? PHASES[state as StateName].textTone : "";
  return tone === "" ? undefined : `var(${tone})`;
}

/** What may follow `s:`, with the states that it means; a beginning of a word is enough. */
export const STATE_QUERIES: Readonly<Record<string, readonly StateName[]>> = Object.fromEntries(
  STATES.flatMap((state) => PHASES[state].queries).map((query) => [
    query,
    STATES.filter((state) => PHASES[state].queries.includes(query)),
  ]),
);
