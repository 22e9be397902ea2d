/**
 * When a request may be answered from this window: after it has been on the screen for a moment, by a key or
 * button that went down then, once. Card, peek, popped-out window and reply boxes ask here.
 *
 * Promise: a key that is held, a second click and a press that began before its request was shown answer nothing.
 * Must not know: components, the backend.
 */
import { ANSWER_AFTER_MS } from "../backend/api";
import type { Answer, Need, SessionView } from "../backend/api";
import { isQuick } from "../backend/requests";

/** An event's own time is believed when it is at most so old: some browsers count it from another beginning. */
const BELIEVED_MS = 10_000;
/** Answers on their way that are remembered, to give each once. */
const GIVEN_MAX = 200;
/** So much of a card must be seen for its request to be on the screen. */
const SEEN_PART = 0.6;

/** When the key or button of an action went down. A held one repeats, which no person does. */
export type Press = { at: number; held: boolean };
/** An open request and its session, as the board knows them now. */
export type Asked = { view: SessionView; need: Need };
export type Place = "peek" | "pane";

type Clock = { now(): number; later(ms: number, work: () => void): () => void };

const BROWSER: Clock = {
  now: () => performance.now(),
  later: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

/** One request at one place of the screen. */
export class Card {
  /** It has been there for long enough. */
  live = $state(false);
  root: HTMLElement | null = null;
  private since: number | null = null;
  private wait: (() => void) | null = null;

  constructor(
    private readonly owner: Answering,
    readonly place: Place,
    readonly session: string,
    readonly need: string,
  ) {}

  /** An attachment of what shows the request: its question and its options. */
  attach = (root: HTMLElement): (() => void) => {
    this.root = root;
    this.owner.cards.add(this);
    const seen = new IntersectionObserver(
      (entries) => {
        const entry = entries.at(-1);
        if (!entry) return;
        const { intersectionRatio: part, intersectionRect: inside, rootBounds } = entry;
        const fills = rootBounds !== null && inside.height >= rootBounds.height * SEEN_PART;
        if (entry.isIntersecting && (part >= SEEN_PART || fills)) this.show();
        else this.hide();
      },
      { threshold: [0, 0.2, 0.4, SEEN_PART, 0.8, 1] },
    );
    seen.observe(root);
    return () => {
      seen.disconnect();
      this.hide();
      this.root = null;
      this.owner.cards.delete(this);
    };
  };

  show(): void {
    if (this.since !== null) return;
    this.since = this.owner.clock.now();
    this.wait = this.owner.clock.later(ANSWER_AFTER_MS, () => (this.live = true));
  }

  hide(): void {
    this.wait?.();
    this.since = null;
    this.live = false;
  }

  /** The window was away, or something covered it: it is as if it came up now. */
  again(): void {
    if (this.since === null) return;
    this.hide();
    this.show();
  }

  /** For how long it had been shown at a time; none when it is not to be seen. */
  shownMs(at: number): number | null {
    if (this.since === null) return null;
    if (this.root?.checkVisibility && !this.root.checkVisibility({ visibilityProperty: true })) return null;
    return at - this.since;
  }

  click(option: string, event: MouseEvent): void {
    this.owner.click(this, option, event);
  }
}

export class Answering {
  readonly cards = new Set<Card>();
  private key: Press = { at: -Infinity, held: false };
  private pointer: Press = { at: -Infinity, held: false };
  /** A key that clicks the button it is on. */
  private clicking = false;
  /** The first click of a row of clicks answered: what comes under the pointer then was not meant. */
  private clicked = false;
  private readonly given = new Set<string>();

  constructor(
    private readonly find: (session: string, need: string) => Asked | null,
    private readonly give: (asked: Asked, answer: Answer, shownMs: number) => Promise<boolean>,
    readonly clock: Clock = BROWSER,
  ) {}

  card(place: Place, session: string, need: string): Card {
    return new Card(this, place, session, need);
  }

  /** The window came back, or what covered it went away. */
  again(): void {
    for (const card of this.cards) card.again();
  }

  keyDown(event: Pick<KeyboardEvent, "key" | "repeat" | "timeStamp">): void {
    this.key = event.repeat ? { at: this.key.at, held: true } : { at: this.timeOf(event), held: false };
    if (event.key === "Enter" || event.key === " ") this.clicking = true;
  }

  /** A button is clicked after the listeners of its key: only then the key is over. */
  keyUp(): void {
    this.clock.later(0, () => (this.clicking = false));
  }

  pointerDown(event: Pick<PointerEvent, "timeStamp">): void {
    this.clicking = false;
    this.pointer = { at: this.timeOf(event), held: false };
  }

  private get last(): Press {
    return this.key.at > this.pointer.at ? this.key : this.pointer;
  }

  /** Every click passes here before anything hears of it; false for one that is a rest of an answer. */
  isMeant(event: Pick<MouseEvent, "detail">): boolean {
    if (event.detail <= 1) this.clicked = false;
    return !this.clicked;
  }

  /** The press that a click comes from; none for the second of a double click. */
  pressOf(event: Pick<MouseEvent, "detail" | "timeStamp">): Press | null {
    if (event.detail > 1) return null;
    if (event.detail === 1) return this.pointer;
    if (this.clicking) return this.key;
    // Nobody pressed anything: a screen reader clicked.
    return { at: this.timeOf(event), held: false };
  }

  click(card: Card, option: string, event: Pick<MouseEvent, "detail" | "timeStamp">): void {
    const press = this.pressOf(event);
    if (press && this.choose(card, option, press)) this.clicked = event.detail > 0;
  }

  /** Gives the answer, if the press may; whether it did. */
  choose(card: Card, option: string, press: Press): boolean {
    const asked = this.find(card.session, card.need);
    if (!asked || asked.need.answered || !quick(asked.need, option)) return false;
    const shownMs = this.shown(card, press);
    if (shownMs === null) return false;
    const key = `${card.session} ${card.need}`;
    if (this.given.has(key)) return false;
    this.given.add(key);
    if (this.given.size > GIVEN_MAX) this.given.clear();
    void this.give(asked, { type: "option", id: option }, shownMs).then((taken) => {
      if (!taken) this.given.delete(key);
    });
    return true;
  }

  /** A digit chooses from the card; whether it did. */
  digit(card: Card, digit: number): boolean {
    const option = this.find(card.session, card.need)?.need.options[digit - 1];
    return option !== undefined && this.choose(card, option.id, this.key);
  }

  /**
   * For how long the request had been on the screen when the last key or button went down; none while it is
   * too new, and `unseen` where no card shows it.
   */
  textShownMs(session: string, need: string): number | "new" | "unseen" {
    const shown = [...this.cards].filter((card) => card.session === session && card.need === need);
    if (shown.length === 0) return "unseen";
    const longest = Math.max(...shown.map((card) => this.shown(card, this.last) ?? -1));
    return longest < 0 ? "new" : longest;
  }

  /** The card that a key means: the one it was pressed on, else the first open one of its pane, or the peek's. */
  cardAt(target: Element | null): Card | null {
    const open = [...this.cards].filter((card) => card.root && this.find(card.session, card.need));
    const on = open.find((card) => card.root?.contains(target));
    if (on) return on;
    const pane = target?.closest("[data-testid=pane], [data-testid=column]") ?? null;
    const here = open.filter((card) => (pane ? pane.contains(card.root) : card.place === "peek"));
    here.sort((a, b) => (follows(a.root, b.root) ? -1 : 1));
    return here[0] ?? null;
  }

  private shown(card: Card, press: Press): number | null {
    const shownMs = press.held ? null : card.shownMs(press.at);
    return shownMs !== null && shownMs >= ANSWER_AFTER_MS ? shownMs : null;
  }

  private timeOf({ timeStamp }: Pick<Event, "timeStamp">): number {
    const now = this.clock.now();
    return timeStamp > 0 && timeStamp <= now && now - timeStamp <= BELIEVED_MS ? timeStamp : now;
  }
}

function follows(a: Node | null, b: Node | null): boolean {
  return a !== null && b !== null && (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
}

function quick(need: Need, option: string): boolean {
  return need.options.some((known) => known.id === option && isQuick(need, known));
}
