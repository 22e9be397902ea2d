/** What answers a request and what does not, with a clock that stands still: keys, held keys, clicks, focus. */
import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { useBrowser, type Options, type Ui } from "./page";

const open = useBrowser();
/** Of time in the page: small against the wait, so that what has just come up is known to be new. */
const STEP_MS = 40;
/** Far more than the wait. */
const LONG_MS = 60_000;
const TWO = "ask First? | A | B\nrun echo danger\ndone x";

async function paused(options: Options = {}): Promise<Ui> {
  const window = await open({ ownClock: true, ...options });
  await window.row("flaky sync test").waitFor();
  await window.page.clock.pauseAt(Date.now() + LONG_MS);
  return window;
}

/** Until something holds, in small steps of time. */
async function until(window: Ui, holds: () => Promise<boolean>): Promise<void> {
  await expect
    .poll(async () => {
      if (await holds()) return true;
      await window.page.clock.runFor(STEP_MS);
      return holds();
    })
    .toBe(true);
}

const comes = (window: Ui, what: Locator) => until(window, async () => (await what.count()) > 0);
const says = (window: Ui, testid: string, words: string) =>
  comes(window, window.get(testid).filter({ hasText: words }));
const live = (window: Ui) => comes(window, window.page.locator("[data-live=true]"));
const given = (window: Ui) =>
  window.page.evaluate(
    () => self.__fake?.given.map(({ answer }) => (answer.type === "option" ? answer.id : answer.type)) ?? [],
  );
const holder = (window: Ui) =>
  window.page.evaluate(
    () =>
      document.activeElement?.getAttribute("data-testid") ??
      (document.activeElement?.hasAttribute("data-row-main") ? "row" : null),
  );
const dispatched = (window: Ui) => window.get("dispatch-input").inputValue();

/** The peek of a session that asks. */
async function peek(window: Ui, script: string): Promise<void> {
  await window.dispatch(script);
  await comes(window, window.page.locator("[data-testid=row][data-state=needs_input] .name", { hasText: /First/ }));
  await window.page.locator("[data-testid=row]", { hasText: "First?" }).first().locator("[data-row-main]").click();
  await window.press("Space");
  await says(window, "peek-question", "First?");
}

test("failures_39_a_second_tap_and_a_held_key_answer_nothing", async () => {
  const window = await paused();
  await peek(window, TWO);
  await window.press("1");
  expect(await given(window)).toEqual([]);
  await live(window);
  await window.press("1");
  expect(await given(window)).toEqual(["A"]);
  await says(window, "peek-question", "echo danger");
  await window.press("1");
  for (let repeat = 0; repeat < 30; repeat += 1) {
    await window.page.keyboard.down("1");
    await window.page.clock.runFor(STEP_MS);
  }
  await window.page.keyboard.up("1");
  for (const digit of ["4", "9", "0"]) await window.press(digit);
  expect([await given(window), await dispatched(window), await holder(window)]).toEqual([["A"], "", "row"]);
  await live(window);
  await window.press("1");
  expect(await given(window)).toEqual(["A", "allow"]);
  await window.close();
});

test("failures_39_a_double_click_counts_once_and_a_click_on_what_has_just_come_not_at_all", async () => {
  const window = await paused();
  await peek(window, TWO);
  await live(window);
  const box = await window.get("peek-option-1").boundingBox();
  if (!box) throw new Error("no option is shown");
  const at = [box.x + box.width / 2, box.y + box.height / 2] as const;
  const rows = await window.get("row").count();
  await window.page.mouse.dblclick(...at);
  expect(await given(window)).toEqual(["A"]);
  // Nor did the second click do anything to what came under the pointer.
  expect([await window.get("row").count(), await window.get("pane").count()]).toEqual([rows, 0]);
  await says(window, "peek-question", "echo danger");
  expect(await window.get("peek-option-1").getAttribute("aria-disabled")).toBe("true");
  await window.get("peek-option-1").click({ force: true });
  // Enter and Space on the button, pressed before it could be read.
  for (const key of ["Enter", " "]) {
    await window.get("peek-option-1").focus();
    await window.press(key);
  }
  expect(await given(window)).toEqual(["A"]);
  await live(window);
  await window.get("peek-option-1").focus();
  await window.press("Enter");
  expect(await given(window)).toEqual(["A", "allow"]);
  // The button goes, and the keyboard to the row: a second Enter was not meant for that.
  await expect.poll(() => holder(window)).toBe("row");
  await window.press("Enter");
  expect(await window.get("pane").count()).toBe(0);
  await window.close();
});

test("failures_39_the_window_that_comes_back_is_read_first", async () => {
  const window = await paused();
  await peek(window, TWO);
  await live(window);
  await window.page.evaluate(() => self.dispatchEvent(new FocusEvent("focus")));
  await window.press("1");
  expect(await given(window)).toEqual([]);
  await live(window);
  await window.press("Control+k");
  await window.get("palette-input").waitFor();
  await window.press("Escape");
  await window.get("palette-input").waitFor({ state: "detached" });
  await window.press("1");
  expect(await given(window)).toEqual([]);
  await live(window);
  await window.press("1");
  expect(await given(window)).toEqual(["A"]);
  await window.close();
});

test("ui_s1_3_after_a_click_in_a_pane_the_keyboard_stays_in_it", async () => {
  const window = await paused();
  await window.dispatch("run true\nask Next? | A | B\ndone x", "Shift+Enter");
  await comes(window, window.get("request"));
  await live(window);
  await window.get("request-option-1").click();
  expect(await given(window)).toEqual(["allow"]);
  const inside = () => window.page.evaluate(() => document.activeElement?.closest("[data-testid=pane]") != null);
  await expect.poll(inside).toBe(true);
  await comes(window, window.page.locator("[data-testid=request][data-open=true]", { hasText: "Next?" }));
  await expect.poll(() => holder(window)).toBe("request");
  await window.press("1");
  expect([await given(window), await dispatched(window)]).toEqual([["allow"], ""]);
  await live(window);
  await window.press("1");
  expect(await given(window)).toEqual(["allow", "A"]);
  await expect.poll(() => holder(window)).toBe("composer");
  await window.press("Control+f");
  await window.get("conversation-find").waitFor();
  await window.close();
});

test("ui_s1_3_a_key_after_a_click_beside_everything_means_the_pane", async () => {
  const window = await paused();
  // The peek asks too: it is not what was chosen last.
  await peek(window, TWO);
  await window.row("move sessions table").locator("[data-row-main]").click({ modifiers: [] });
  await window.press("Space");
  await window.dispatch("ask Mine? | Yes | No\ndone x", "Shift+Enter");
  await comes(window, window.get("request").filter({ hasText: "Mine?" }));
  await live(window);
  await window.get("pane-location").click();
  await expect.poll(() => holder(window)).toBe("pane");
  await window.press("2");
  expect(await given(window)).toEqual(["No"]);
  await window.close();
});

test("ui_s1_3_the_pill_that_leads_to_the_end_leaves_the_keyboard_in_its_pane", async () => {
  const window = await open({ mode: "long", height: 600 });
  await window.get("row").first().locator("[data-row-main]").dblclick();
  await window.get("composer").waitFor();
  const log = window.page.getByRole("log");
  await log.hover();
  await window.page.mouse.wheel(0, -2_000);
  await window.get("jump-latest").click();
  await window.get("jump-latest").waitFor({ state: "detached" });
  await expect
    .poll(() => window.page.evaluate(() => document.activeElement?.closest("[data-testid=pane]") != null))
    .toBe(true);
  await window.press("Control+f");
  await window.get("conversation-find").waitFor();
  await window.close();
});

/** Whether the whole of it is inside of the conversation's view. */
async function inView(window: Ui, what: Locator): Promise<boolean> {
  const [view, box] = [await window.page.getByRole("log").boundingBox(), await what.boundingBox()];
  return view !== null && box !== null && box.y >= view.y - 1 && box.y + box.height <= view.y + view.height + 1;
}

const LONG_TALK = `${Array.from({ length: 12 }, (_, n) => `say Part ${n}. ${"Words that fill some lines. ".repeat(12)}`).join("\n")}\nwrite src/parse.rs\nrun make\nask Go on? | Yes\ndone x`;

test("ui_s1_2_what_is_asked_is_in_view_while_the_conversation_follows", async () => {
  const window = await open({ height: 520 });
  await window.dispatch(LONG_TALK, "Shift+Enter");
  const request = window.page.locator("[data-testid=request][data-open=true]");
  await request.waitFor();
  await expect.poll(() => inView(window, request)).toBe(true);
  expect(await window.get("jump-latest").count()).toBe(0);
  // A reader that scrolls up leaves the end and still sees what is asked.
  await window.page.getByRole("log").hover();
  await window.page.mouse.wheel(0, -900);
  await window.get("jump-latest").waitFor();
  await expect.poll(() => inView(window, request)).toBe(true);
  // Nothing lies over it.
  await expect
    .poll(async () => {
      const [pill, card] = [await window.get("jump-latest").boundingBox(), await request.boundingBox()];
      return pill !== null && card !== null && pill.y + pill.height <= card.y;
    })
    .toBe(true);
  await window.answerable();
  await window.get("request-option-1").click();
  await window.page.locator("[data-testid=request][data-open=true]", { hasText: "Go on?" }).waitFor();
  await expect.poll(() => inView(window, request)).toBe(true);
  expect(await window.get("jump-latest").count()).toBe(1);
  await window.close();
});

test("ui_s1_2_what_is_asked_is_in_view_far_from_what_is_rendered", async () => {
  const window = await open({ mode: "long", height: 600 });
  await window.get("row").first().locator("[data-row-main]").dblclick();
  await window.get("composer").fill("run make");
  await window.press("Enter");
  const request = window.page.locator("[data-testid=request][data-open=true]");
  await request.waitFor();
  await window.page.getByRole("log").evaluate((log) => {
    log.dispatchEvent(new WheelEvent("wheel", { deltaY: -1 }));
    log.scrollTop = log.scrollHeight / 3;
  });
  await window.get("jump-latest").waitFor();
  await expect.poll(() => inView(window, request)).toBe(true);
  expect(await request.count()).toBe(1);
  await window.answerable();
  await window.get("request-option-1").click();
  await expect.poll(() => given(window)).toEqual(["allow"]);
  await window.close();
});

test("ui_s1_4_arrows_go_on_after_a_header_that_was_regrouped", async () => {
  const window = await open();
  await window.get("group-toggle-working").click();
  await window.get("group-toggle-working").click();
  await window.press("Control+s", "Control+s");
  await window.get("group-toggle-working").waitFor();
  const selected = () => window.page.locator("[data-testid=row].selected").getAttribute("data-name");
  await window.press("Home");
  const seen: (string | null)[] = [];
  for (let step = 0; step < 5; step += 1) {
    seen.push(await selected());
    await window.press("ArrowDown");
  }
  expect(new Set(seen).size).toBe(5);
  await window.press("ArrowUp");
  await expect.poll(selected).toBe(seen[4]);
  // From a header to the edge: the header is left behind.
  await window.get("group-toggle-working").focus();
  await window.press("Home");
  await expect.poll(() => holder(window)).toBe("row");
  await window.press("ArrowDown");
  await expect.poll(selected).toBe(seen[1]);
  await window.close();
});

test("ui_s1_5_at_the_smallest_width_there_is_a_way_back_to_the_board", async () => {
  const window = await open({ width: 720, height: 700 });
  await window.row("flaky sync test").locator("[data-row-main]").dblclick();
  await window.get("composer").waitFor();
  await expect.poll(() => window.get("board").isVisible()).toBe(false);
  const back = async () => {
    await expect.poll(() => window.get("board").isVisible()).toBe(true);
    expect(await window.get("composer").isVisible()).toBe(false);
    await expect.poll(() => holder(window)).toBe("row");
    await window.press("Enter");
    await expect.poll(() => window.get("composer").isVisible()).toBe(true);
    await expect.poll(() => window.get("board").isVisible()).toBe(false);
  };
  await window.get("pane-to-board").click();
  await back();
  for (const key of ["Alt+ArrowLeft", "Control+\\"]) {
    await window.get("composer").focus();
    await window.press(key);
    await back();
  }
  // What of the board takes the keyboard comes in front.
  await window.get("composer").focus();
  await window.press("Control+N");
  await expect.poll(() => window.get("board").isVisible()).toBe(true);
  await window.page.keyboard.type("say new");
  expect(await dispatched(window)).toBe("say new");
  expect(await window.get("composer").inputValue()).toBe("");
  await window.get("dispatch-input").fill("");
  await window.row("flaky sync test").locator("[data-row-main]").dblclick();
  await window.get("composer").waitFor();
  // With room for both, both are there.
  await window.get("pane-to-board").click();
  await window.page.setViewportSize({ width: 1280, height: 700 });
  await expect.poll(() => window.get("composer").isVisible()).toBe(true);
  expect([await window.get("board").isVisible(), await window.get("pane-to-board").isVisible()]).toEqual([true, false]);
  await window.close();
});

/** Mulberry32. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const MANY = `${Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? `ask First? ${n} | A | B` : `run echo ${n}`)).join("\n")}\ndone x`;

/** Tells since when each request is on the page, by the page's own clock. */
function watchRequests(): void {
  const since = new Map<string, number>();
  Object.assign(self, { since });
  const look = () => {
    const there = new Set(
      [...document.querySelectorAll("[data-need]")].map((card) => card.getAttribute("data-need") ?? ""),
    );
    for (const need of since.keys()) if (!there.has(need)) since.delete(need);
    for (const need of there) if (!since.has(need)) since.set(need, performance.now());
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true });
  look();
}

test.each([1, 2, 3])("failures_39_fuzz_of_the_window_%i", async (seed) => {
  const roll = dice(seed);
  const window = await paused();
  await peek(window, MANY);
  await window.page.evaluate(watchRequests);
  let answered = 0;
  for (let step = 0; step < 50; step += 1) {
    const before = (await given(window)).length;
    const times = await window.page.evaluate(() =>
      [...(self as unknown as { since: Map<string, number> }).since].map(([need, at]) => ({
        need,
        age: performance.now() - at,
      })),
    );
    const act = roll(8);
    if (act === 0) await window.press("1", "1");
    else if (act === 1) await window.press("2");
    else if (act === 2) for (let repeat = 0; repeat < 4; repeat += 1) await window.page.keyboard.down("1");
    else if (act === 3)
      await window.page.evaluate(() =>
        document
          .querySelector("[data-testid=peek-option-1]")
          ?.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 2 })),
      );
    else if (act === 4) await window.page.mouse.dblclick(700, 300);
    else if (act === 5) await window.press("Enter", " ");
    else await window.page.clock.runFor(roll(900));
    await window.page.keyboard.up("1");
    const after = await window.page.evaluate(() => self.__fake?.given ?? []);
    for (const { need, shownMs } of after.slice(before)) {
      if (act > 5) throw new Error("time alone answered");
      const shown = times.find((known) => known.need === need);
      expect(shown?.age ?? 0, `seed ${seed}, step ${step}`).toBeGreaterThanOrEqual(500);
      expect(shownMs).toBeGreaterThanOrEqual(500);
    }
    expect(after.length - before, `seed ${seed}, step ${step}`).toBeLessThanOrEqual(1);
    answered = after.length;
    expect(await dispatched(window)).toBe("");
    // Whatever was opened or closed meanwhile: the peek is what is looked at.
    await window.page.evaluate(() =>
      document.querySelector<HTMLElement>("[data-testid=row].selected [data-row-main]")?.focus(),
    );
    if ((await window.get("peek").count()) === 0) await window.press("Space");
  }
  expect(answered).toBeGreaterThan(0);
  await window.close();
});
