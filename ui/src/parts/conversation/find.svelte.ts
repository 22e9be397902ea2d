/**
 * Finds a text in a conversation and marks where it is.
 *
 * Promise: the page's own text is never touched: matches are ranges that the browser paints; what is
 * folded away unfolds while it holds a match. Must not know: how items look.
 */
import { getContext, setContext } from "svelte";

/** Matches painted at most; more say nothing that these do not. */
export const FOUND_MAX = 500;

const ALL = "found";
const CURRENT = "found-current";
/** Text of two blocks is not one text. */
const BLOCKS = "p, li, pre, td, th, h3, button, .line, .bubble, summary";

export class Find {
  text = $state("");
  count = $state(0);
  at = $state(-1);
  private ranges: Range[] = [];

  get note(): string {
    if (this.text === "") return "";
    const of = this.count >= FOUND_MAX ? `${FOUND_MAX}+` : String(this.count);
    return this.count === 0 ? "none" : `${this.at + 1} of ${of}`;
  }

  /** Whether a folded text holds what is looked for. */
  hits(text: string): boolean {
    return this.text !== "" && text.toLowerCase().includes(this.text.toLowerCase());
  }

  /** Looks again; `afresh` also goes to the first match that is in view or below it. */
  search(root: HTMLElement, scroller: HTMLElement, afresh: boolean): void {
    this.ranges = this.text === "" ? [] : rangesOf(root, this.text);
    this.count = this.ranges.length;
    if (afresh) {
      const top = scroller.getBoundingClientRect().top;
      const below = this.ranges.findIndex((range) => range.getBoundingClientRect().bottom >= top);
      this.at = below < 0 ? this.count - 1 : below;
    } else this.at = Math.min(Math.max(this.at, 0), this.count - 1);
    this.paint();
    if (afresh) reveal(this.ranges[this.at], scroller);
  }

  /** In a conversation that is rendered in part: the matches are counted elsewhere. */
  counted(total: number): void {
    this.count = total;
    this.at = total === 0 ? -1 : Math.min(Math.max(this.at, 0), total - 1);
  }

  /** The match number `local` of a rendered item is the one at hand. */
  showIn(root: HTMLElement, item: HTMLElement | null, local: number, scroller: HTMLElement): void {
    this.ranges = rangesOf(root, this.text);
    const inside = this.ranges.filter((range) => item?.contains(range.startContainer) === true);
    const current = inside[Math.min(local, inside.length - 1)];
    this.paint(current);
    if (current) reveal(current, scroller);
  }

  step(back: boolean, scroller: HTMLElement): void {
    if (this.count === 0) return;
    this.at = (this.at + (back ? -1 : 1) + this.count) % this.count;
    this.paint();
    reveal(this.ranges[this.at], scroller);
  }

  end(): void {
    this.text = "";
    this.count = 0;
    this.at = -1;
    this.ranges = [];
    this.paint();
  }

  private paint(current = this.ranges[this.at]): void {
    // An engine without painted ranges still counts and scrolls.
    if (typeof Highlight === "undefined" || !CSS.highlights) return;
    CSS.highlights.set(ALL, new Highlight(...this.ranges));
    CSS.highlights.set(CURRENT, new Highlight(...(current ? [current] : [])));
  }
}

/** Brings the match into view in everything that scrolls around it. */
function reveal(range: Range | undefined, scroller: HTMLElement): void {
  let around = range?.startContainer.parentElement ?? null;
  while (range && around) {
    if (around.scrollHeight > around.clientHeight) {
      const [match, box] = [range.getBoundingClientRect(), around.getBoundingClientRect()];
      const hidden = match.top < box.top + 8 || match.bottom > box.bottom - 8;
      if (hidden) around.scrollTop += match.top - box.top - box.height / 2;
    }
    if (around === scroller) return;
    around = around.parentElement;
  }
}

function rangesOf(root: HTMLElement, text: string): Range[] {
  const wanted = new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi");
  const found: Range[] = [];
  for (const item of root.querySelectorAll("[data-testid=item]")) {
    const { whole, parts } = textOf(item);
    for (const match of whole.matchAll(wanted)) {
      const range = rangeAt(parts, match.index, match.index + match[0].length);
      if (range) found.push(range);
      if (found.length >= FOUND_MAX) return found;
    }
  }
  return found;
}

type Part = { node: Text; from: number };

function textOf(item: Element): { whole: string; parts: Part[] } {
  const parts: Part[] = [];
  const walker = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
  let whole = "";
  let block: Element | null | undefined;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!(node instanceof Text)) continue;
    const here = node.parentElement?.closest(BLOCKS);
    if (block !== undefined && here !== block) whole += "\n";
    block = here;
    parts.push({ node, from: whole.length });
    whole += node.data;
  }
  return { whole, parts };
}

function rangeAt(parts: readonly Part[], from: number, to: number): Range | null {
  const start = parts.findLast((part) => part.from <= from);
  const end = parts.findLast((part) => part.from < to);
  if (!start || !end) return null;
  const range = document.createRange();
  range.setStart(start.node, Math.min(from - start.from, start.node.length));
  range.setEnd(end.node, Math.min(to - end.from, end.node.length));
  return range;
}

const KEY = Symbol("find");

export const provideFind = (find: Find): Find => setContext(KEY, find);
export const useFind = (): Find | undefined => getContext<Find | undefined>(KEY);
