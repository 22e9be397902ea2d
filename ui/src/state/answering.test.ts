/** Presses of every kind at random against requests that come and go: none answers what it did not mean. */
import { expect, test } from "vitest";
import { ANSWER_AFTER_MS } from "../backend/api";
import type { Answer, Need } from "../backend/api";
import { Answering, type Asked, type Card } from "./answering.svelte";
import { isQuick } from "../backend/requests";
import { aView } from "./view.fixture";

const SEEDS = 1_000;
const STEPS = 120;

function aNeed(id: string, part: Partial<Need> = {}): Need {
  const option = (name: string, kind: Need["options"][number]["kind"]) => ({ id: name, label: name, kind });
  const options = [option("yes", "allow_once"), option("always", "allow_always"), option("no", "reject_once")];
  return {
    id,
    kind: "permission",
    question: id,
    detail: "",
    options,
    freeText: false,
    since: 0,
    unshownBytes: 0,
    answered: null,
    ...part,
  };
}

class Time {
  at = 1_000;
  private waiting: { at: number; work: () => void }[] = [];

  now = (): number => this.at;

  later = (ms: number, work: () => void): (() => void) => {
    const entry = { at: this.at + ms, work };
    this.waiting.push(entry);
    return () => (this.waiting = this.waiting.filter((known) => known !== entry));
  };

  pass(ms: number): void {
    this.at += ms;
    const due = this.waiting.filter((entry) => entry.at <= this.at);
    this.waiting = this.waiting.filter((entry) => entry.at > this.at);
    for (const entry of due) entry.work();
  }
}

type Given = { need: string; answer: Answer; shownMs: number };

class Desk {
  readonly time = new Time();
  readonly open = new Map<string, Need>();
  readonly given: Given[] = [];
  refuses = false;
  readonly answering = new Answering(
    (session, id) => this.find(session, id),
    async ({ need }, answer, shownMs) => {
      this.given.push({ need: need.id, answer, shownMs });
      return !this.refuses;
    },
    this.time,
  );

  private find(session: string, id: string): Asked | null {
    const need = this.open.get(id);
    return need ? { view: aView(session), need } : null;
  }

  shows(id: string, part: Partial<Need> = {}): Card {
    this.open.set(id, aNeed(id, part));
    const card = this.answering.card("peek", "s", id);
    this.answering.cards.add(card);
    card.show();
    return card;
  }

  key(card: Card, digit: number, repeat = false): boolean {
    this.answering.keyDown({ key: String(digit), repeat, timeStamp: this.time.at });
    return this.answering.digit(card, digit);
  }

  click(card: Card, option: string, detail = 1): void {
    this.answering.pointerDown({ timeStamp: this.time.at });
    card.click(option, { detail, timeStamp: this.time.at } as MouseEvent);
  }
}

test("failures_39: a request takes an answer when it has been shown for long enough, and once", () => {
  const desk = new Desk();
  const card = desk.shows("a");
  expect(desk.key(card, 1)).toBe(false);
  desk.time.pass(ANSWER_AFTER_MS - 1);
  expect([desk.key(card, 1), card.live]).toEqual([false, false]);
  desk.time.pass(1);
  expect([card.live, desk.key(card, 1), desk.key(card, 1), desk.key(card, 3)]).toEqual([true, true, false, false]);
  expect(desk.given.map(({ need }) => need)).toEqual(["a"]);
});

test("failures_39: a held key, a double click and a press from before answer nothing", () => {
  const desk = new Desk();
  const first = desk.shows("first");
  desk.time.pass(ANSWER_AFTER_MS);
  expect(desk.key(first, 1)).toBe(true);
  // It stays down while the next request comes and gets old.
  const second = desk.shows("second");
  for (let repeat = 0; repeat < 40; repeat += 1) {
    desk.time.pass(40);
    expect(desk.key(second, 1, true)).toBe(false);
  }
  // Enter held on the button of the first is as little meant for the second.
  desk.answering.keyDown({ key: "Enter", repeat: true, timeStamp: desk.time.at });
  second.click("yes", { detail: 0, timeStamp: desk.time.at } as MouseEvent);
  desk.click(second, "yes", 2);
  // Pressed before it was shown, let go afterwards.
  desk.answering.pointerDown({ timeStamp: desk.time.at });
  const third = desk.shows("third");
  desk.time.pass(ANSWER_AFTER_MS * 2);
  third.click("yes", { detail: 1, timeStamp: desk.time.at } as MouseEvent);
  expect(desk.given.map(({ need }) => need)).toEqual(["first"]);
  desk.click(third, "yes");
  expect(desk.given.map(({ need }) => need)).toEqual(["first", "third"]);
});

test("failures_39: what was covered or away comes up anew", () => {
  const desk = new Desk();
  const card = desk.shows("a");
  desk.time.pass(ANSWER_AFTER_MS * 3);
  desk.answering.again();
  expect([card.live, desk.key(card, 1)]).toEqual([false, false]);
  desk.time.pass(ANSWER_AFTER_MS);
  card.hide();
  expect(desk.key(card, 1)).toBe(false);
  card.show();
  desk.time.pass(ANSWER_AFTER_MS);
  expect(desk.key(card, 1)).toBe(true);
});

test("failures_39: what is not shown whole is not allowed in passing, and can be denied", () => {
  const need = aNeed("a", { unshownBytes: 12 });
  expect(need.options.filter((option) => isQuick(need, option)).map(({ id }) => id)).toEqual(["no"]);
  const desk = new Desk();
  const card = desk.shows("a", { unshownBytes: 12 });
  desk.time.pass(ANSWER_AFTER_MS);
  expect([desk.key(card, 1), desk.key(card, 2), desk.key(card, 4), desk.key(card, 3)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test("failures_39: an answer that was not taken can be given again, and words wait as digits do", async () => {
  const desk = new Desk();
  const card = desk.shows("a", { freeText: true });
  desk.answering.keyDown({ key: "Enter", repeat: false, timeStamp: desk.time.at });
  expect(desk.answering.textShownMs("s", "a")).toBe("new");
  expect(desk.answering.textShownMs("s", "b")).toBe("unseen");
  desk.time.pass(ANSWER_AFTER_MS);
  desk.answering.keyDown({ key: "Enter", repeat: false, timeStamp: desk.time.at });
  expect(desk.answering.textShownMs("s", "a")).toBe(ANSWER_AFTER_MS);
  desk.refuses = true;
  expect(desk.key(card, 1)).toBe(true);
  await Promise.resolve();
  await Promise.resolve();
  expect(desk.key(card, 1)).toBe(true);
});

test("failures_39: an event whose time is from another clock counts as of now", () => {
  const desk = new Desk();
  const card = desk.shows("a");
  desk.time.pass(ANSWER_AFTER_MS);
  for (const timeStamp of [-5, 0, 1e12]) {
    desk.answering.keyDown({ key: "1", repeat: false, timeStamp });
    expect(desk.answering.textShownMs("s", "a")).toBe(ANSWER_AFTER_MS);
  }
  expect(card.live).toBe(true);
});

/** Mulberry32: small, and good enough to choose steps with. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

test("failures_39: fuzz of keys, clicks and requests", () => {
  let taken = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const roll = dice(seed);
    const desk = new Desk();
    /** What each place shows and since when; the oracle knows nothing of cards. */
    const places: ({ card: Card; since: number } | null)[] = [null, null, null];
    let next = 0;
    /** The press that is down: where and when it began. */
    let down = { at: -Infinity, held: false };
    for (let step = 0; step < STEPS; step += 1) {
      desk.time.pass(roll(350));
      const place = roll(places.length);
      const shown = places[place];
      const before = desk.given.length;
      let allowed: { need: string; since: number } | null = null;
      const may = (press: typeof down) => (shown && !press.held ? { need: shown.card.need, since: shown.since } : null);
      switch (roll(9)) {
        case 0:
        case 1: {
          // Another request in the same place, as soon as the one before is answered or withdrawn.
          if (shown) {
            shown.card.hide();
            desk.answering.cards.delete(shown.card);
            desk.open.delete(shown.card.need);
          }
          places[place] = { card: desk.shows(`need-${(next += 1)}`), since: desk.time.at };
          break;
        }
        case 2:
          desk.answering.again();
          for (const known of places) if (known) known.since = desk.time.at;
          break;
        case 3:
          if (!shown) break;
          shown.card.hide();
          shown.card.show();
          shown.since = desk.time.at;
          break;
        case 4:
          down = { at: desk.time.at, held: false };
          allowed = may(down);
          if (shown) desk.key(shown.card, 1 + roll(4));
          break;
        case 5:
          down = { ...down, held: true };
          if (shown) desk.key(shown.card, 1, true);
          break;
        case 6:
          allowed = may({ at: desk.time.at, held: false });
          if (shown) desk.click(shown.card, "yes");
          break;
        case 7:
          if (shown) desk.click(shown.card, "yes", 2);
          break;
        default: {
          // The button goes down here, something else may come, and it is let go.
          const at = desk.time.at;
          desk.answering.pointerDown({ timeStamp: at });
          desk.time.pass(roll(900));
          if (shown && shown.since <= at) allowed = { need: shown.card.need, since: shown.since + (desk.time.at - at) };
          shown?.card.click("no", { detail: 1, timeStamp: desk.time.at } as MouseEvent);
        }
      }
      const given = desk.given.slice(before);
      expect(given.length, `seed ${seed}`).toBeLessThanOrEqual(1);
      const [answer] = given;
      if (!answer) continue;
      taken += 1;
      expect(answer.need, `seed ${seed}`).toBe(allowed?.need);
      expect(desk.time.at - (allowed?.since ?? Infinity), `seed ${seed}`).toBeGreaterThanOrEqual(ANSWER_AFTER_MS);
      expect(answer.shownMs, `seed ${seed}`).toBeGreaterThanOrEqual(ANSWER_AFTER_MS);
    }
    const needs = desk.given.map(({ need }) => need);
    expect(new Set(needs).size, `seed ${seed}: once each`).toBe(needs.length);
  }
  expect(taken).toBeGreaterThan(SEEDS);
});
