/**
 * The filter language: `s:blocked a:claude d:atlas flaky test`.
 *
 * Promise: pure; every text is a valid query, and a half-typed one already narrows.
 * Must not know: the DOM, where a query was typed.
 */
import type { SessionView, State } from "../backend/api";
import { displayName, oneLine, shortPath } from "./words";

type StateName = State["type"];

/** What may follow `s:`; a beginning of a word is enough. */
export const STATE_QUERIES: Readonly<Record<string, readonly StateName[]>> = {
  working: ["starting", "working"],
  blocked: ["needs_input"],
  "needs-input": ["needs_input"],
  done: ["completed"],
  completed: ["completed"],
  failed: ["failed"],
  stopped: ["stopped"],
  idle: ["idle"],
};

export type Query = {
  /** Each must occur in name, line or prompt. */
  words: string[];
  /** Any of them; none when nothing was asked. */
  states: ReadonlySet<StateName> | null;
  agents: string[];
  directories: string[];
  /** What stood after `s:` and is no state. */
  unknown: string[];
};

/** `s:`, `a:` and `d:` with their value, which may be quoted; else a quoted phrase or a word. */
const TERM = /(?:([sad]):)?(?:"([^"]*)"?|(\S+))|([sad]):(?=\s|$)/gi;

export function parseQuery(text: string): Query {
  const query = { words: [] as string[], agents: [] as string[], directories: [] as string[], unknown: [] as string[] };
  const states = new Set<StateName>();
  let asksState = false;
  for (const [, key, quoted, plain] of text.toLowerCase().matchAll(TERM)) {
    const value = quoted ?? plain ?? "";
    const values = value.split(/[|,]/).filter(Boolean);
    if (!key) {
      if (value && !/^[sad]:$/.test(value)) query.words.push(value);
    } else if (key === "a") query.agents.push(...values);
    else if (key === "d") query.directories.push(...values);
    else {
      for (const name of values) {
        asksState = true;
        const found = statesCalled(name);
        if (found.length === 0) query.unknown.push(name);
        for (const state of found) states.add(state);
      }
    }
  }
  return { ...query, states: asksState ? states : null };
}

function statesCalled(name: string): StateName[] {
  const exact = STATE_QUERIES[name];
  if (exact) return [...exact];
  return Object.entries(STATE_QUERIES).flatMap(([known, states]) => (known.startsWith(name) ? [...states] : []));
}

export function fitsQuery(view: SessionView, query: Query, home: string): boolean {
  if (query.states && !query.states.has(view.state.type)) return false;
  const agent = view.kind === "shell" ? "shell" : (view.agent ?? "");
  if (query.agents.length > 0 && !query.agents.some((name) => agent.toLowerCase().includes(name))) return false;
  const paths = `${view.cwd}\n${shortPath(view.cwd, home)}`.toLowerCase();
  if (query.directories.length > 0 && !query.directories.some((part) => paths.includes(part))) return false;
  if (query.words.length === 0) return true;
  const text = `${displayName(view)}\n${oneLine(view.line)}\n${view.prompt}`.toLowerCase();
  return query.words.every((word) => text.includes(word));
}
