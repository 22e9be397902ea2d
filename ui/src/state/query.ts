/**
 * The filter language: `s:blocked a:claude d:atlas #123 flaky test`.
 *
 * Promise: pure; every text is a valid query, and a half-typed one already narrows.
 * Must not know: the DOM, where a query was typed.
 */
import type { SessionView } from "../backend/api";
import { STATE_QUERIES, type StateName } from "./phase";
import { shortPath } from "./paths";
import { displayName } from "./session";
import { oneLine } from "./text";

export type Query = {
  /** Each must occur in name, line or prompt. */
  words: string[];
  /** Any of them; none when nothing was asked. */
  states: ReadonlySet<StateName> | null;
  agents: string[];
  directories: string[];
  /** Beginnings of numbers of pull requests; an empty one fits all. */
  pulls: string[];
  /** Addresses, of pull requests as a rule. */
  urls: string[];
  /** What stood after `s:` and is no state. */
  unknown: string[];
};

/** `s:`, `a:` and `d:` with their value, which may be quoted; else a quoted phrase or a word. */
const TERM = /(?:([sad]):)?(?:"([^"]*)"?|(\S+))|([sad]):(?=\s|$)/gi;

export function parseQuery(text: string): Query {
  const query = {
    words: [] as string[],
    agents: [] as string[],
    directories: [] as string[],
    pulls: [] as string[],
    urls: [] as string[],
    unknown: [] as string[],
  };
  const states = new Set<StateName>();
  let asksState = false;
  for (const [, key, quoted, plain] of text.toLowerCase().matchAll(TERM)) {
    const value = quoted ?? plain ?? "";
    const values = value.split(/[|,]/).filter(Boolean);
    if (!key) {
      if (/^#\d*$/.test(value)) query.pulls.push(value.slice(1));
      else if (/^https?:\/\//.test(value)) query.urls.push(value.replace(/\/+$/, ""));
      else if (value && !/^[sad]:$/.test(value)) query.words.push(value);
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
  const numbered = (number: string) => view.pullRequests.some((pull) => String(pull.number).startsWith(number));
  if (!query.pulls.every(numbered)) return false;
  if (!query.urls.every((url) => isAbout(view, url))) return false;
  if (query.words.length === 0) return true;
  const text = wordsOf(view);
  return query.words.every((word) => text.includes(word));
}

/** Views never change, they are replaced: what was made of one is kept as long as it is. */
const made = new WeakMap<SessionView, string>();

function wordsOf(view: SessionView): string {
  const known = made.get(view);
  if (known !== undefined) return known;
  const text = `${displayName(view)}\n${oneLine(view.line)}\n${view.prompt}`.toLowerCase();
  made.set(view, text);
  return text;
}

/** A page of its pull request, or an address that its words name. */
function isAbout(view: SessionView, url: string): boolean {
  const pulls = view.pullRequests.map((pull) => pull.url.toLowerCase());
  if (pulls.some((pull) => pull.startsWith(url) || url === pull || url.startsWith(`${pull}/`))) return true;
  return `${view.line}\n${view.prompt}`.toLowerCase().includes(url);
}
