/** Attach panes: conversation and terminal. */
import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { seriousFaults, type Ui, useBrowser } from "./page";

const open = useBrowser();
/** Later than a terminal is opened. */
const FONT_DELAY_MS = 1_500;

test("a conversation streams, shows tools and diffs, asks and is answered by a digit", async () => {
  const window = await open();
  await window.dispatch("make the parser strict", "Shift+Enter");
  const talk = window.get("conversation");
  await talk.getByTestId("request").waitFor();
  await expect.poll(() => talk.getByTestId("plan").count()).toBe(1);
  await expect.poll(() => talk.getByTestId("diff").textContent()).toContain("split_once");
  await expect.poll(() => talk.locator("pre[aria-label=Code]").textContent()).toContain("fn parse");
  await talk.getByTestId("request").focus();
  await window.answerable();
  await window.press("1");
  await expect.poll(() => talk.getByTestId("request-answer").textContent()).toContain("Allow once");
  await expect.poll(() => window.get("composer-state").textContent()).toContain("Completed");
  await window.close();
});

test("a session that asks is answered by a digit as soon as it is opened", async () => {
  const window = await open();
  await window.row("move sessions table").locator("[data-row-main]").dblclick();
  await window.get("conversation").getByTestId("request").waitFor();
  const holder = () => window.page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
  await expect.poll(holder).toBe("request");
  await window.answerable();
  await window.press("1");
  await window.get("request-answer").waitFor();
  await window.close();
});

const atRow = (window: Ui) =>
  window.page.evaluate(
    () =>
      document.activeElement?.closest<HTMLElement>("[data-testid=row]")?.dataset["name"] ??
      document.activeElement?.getAttribute("data-testid"),
  );
const hold = (window: Ui) =>
  window.page.evaluate(() => {
    const release = self.__fake?.holdBack();
    Object.assign(self, { release });
  });
const release = (window: Ui) => window.page.evaluate(() => (self as unknown as { release(): void }).release());

test("a pane that comes late leaves the keyboard with the row that was clicked meanwhile", async () => {
  const window = await open();
  await hold(window);
  await window.dispatch("run echo late\ndone x", "Shift+Enter");
  await window.select("flaky sync test");
  expect(await atRow(window)).toBe("flaky sync test");
  await release(window);
  await window.get("conversation").getByTestId("request").waitFor();
  expect(await atRow(window)).toBe("flaky sync test");
  expect(await window.row("flaky sync test").locator("[data-row-main]").getAttribute("aria-current")).toBe("true");
  // What it asks is not answered by a key that was meant for the row.
  await window.press("1");
  expect(await window.page.evaluate(() => self.__fake?.given.length)).toBe(0);
  await window.close();
});

test("a conversation that comes late leaves the keyboard where the user went", async () => {
  const window = await open();
  const asks = window.row("move sessions table").locator("[data-row-main]");
  for (const [go, held] of [
    [() => window.select("flaky sync test"), "flaky sync test"],
    [() => window.get("dispatch-input").click(), "dispatch-input"],
  ] as const) {
    await hold(window);
    await asks.dblclick();
    await window.get("pane").waitFor();
    await go();
    await release(window);
    await window.get("conversation").getByTestId("request").waitFor();
    expect(await atRow(window)).toBe(held);
    await window.get("pane").getByRole("button", { name: "Close the pane" }).click();
    await window.get("pane").waitFor({ state: "detached" });
  }
  await window.close();
});

test("the composer queues while working and Esc interrupts, then leaves", async () => {
  const window = await open({ speed: 1 });
  await window.dispatch("say one\nwait 30\ndone x", "Shift+Enter");
  await expect.poll(() => window.get("composer-state").textContent()).toContain("Working");
  await window.get("composer").fill("and then this");
  await window.press("Enter");
  await window.get("conversation").getByText("queued until the turn ends").waitFor();
  await window.press("Escape");
  await expect.poll(() => window.get("composer-state").textContent()).toContain("Idle");
  await window.press("Escape");
  const holder = () => window.page.evaluate(() => document.activeElement?.hasAttribute("data-row-main"));
  await expect.poll(holder).toBe(true);
  await window.press("Escape");
  await window.get("pane").waitFor({ state: "detached" });
  await window.close();
});

test("Esc in the composer of a session that asks leaves the box and the question", async () => {
  const window = await open({ speed: 1 });
  await window.dispatch("ask Which colour?\nrun true\ndone x", "Shift+Enter");
  const holder = () => window.page.evaluate(() => document.activeElement?.hasAttribute("data-row-main"));
  // The first question is a form to fill in; after its answer comes a permission.
  await window.get("request").waitFor();
  for (const [shown, answer] of [
    ["Which colour?", "blue"],
    ["Allow", null],
  ] as const) {
    const question = window.page.locator("[data-testid=request][data-open=true]", { hasText: shown });
    await question.waitFor();
    await window.get("composer").fill("half a sent");
    await window.press("Escape");
    await expect.poll(holder).toBe(true);
    await window.press("Enter");
    await question.waitFor();
    // What was opened just now takes no answer yet, not even a typed one.
    await window.answerable();
    await window.get("composer").fill(answer ?? "");
    if (answer !== null) await window.get("composer").press("Enter");
  }
  await window.close();
});

test("a terminal echoes, keeps its keys, leaves by Ctrl+\\ and says how it ended", async () => {
  const window = await open();
  await window.dispatch("! bash", "Shift+Enter");
  const terminal = window.get("terminal");
  await expect.poll(() => terminal.locator(".xterm-rows").textContent()).toContain("❯");
  await window.page.keyboard.type("echo nightshift was here");
  await window.press("Enter");
  const text = async () =>
    ((await terminal.locator(".xterm-rows").textContent()) ?? "").split("nightshift was here").length - 1;
  await expect.poll(text).toBe(2);
  await window.page.keyboard.type("?");
  expect(await window.get("key-sheet").count()).toBe(0);
  await window.press("Backspace", "Control+\\");
  await expect.poll(() => window.page.evaluate(() => document.activeElement?.hasAttribute("data-row-main"))).toBe(true);
  await window.press("Enter");
  await window.page.keyboard.type("exit 3");
  await window.press("Enter");
  await expect.poll(() => window.get("terminal-ended").textContent()).toContain("exited 3");
  await window.close();
});

test("a lost terminal attaches again by itself and paints the screen once", async () => {
  const window = await open();
  await window.dispatch("! bash", "Shift+Enter");
  const rows = window.get("terminal").locator(".xterm-rows");
  await expect.poll(() => rows.textContent()).toContain("❯");
  await window.page.evaluate(() => self.__fake?.loseTerminals());
  await window.get("terminal-lost").waitFor();
  await window.get("terminal-lost").waitFor({ state: "detached" });
  await expect.poll(async () => ((await rows.textContent()) ?? "").split("❯").length - 1).toBe(1);
  await window.close();
});

test("what is being written stays and keeps the keyboard while its session moves on", async () => {
  const window = await open({ speed: 2 });
  await window.select("flaky sync test");
  await window.dispatch("say one\nwait 1\nask Which? | a | b", "Shift+Enter");
  await window.get("composer").pressSequentially("half a", { delay: 20 });
  await window.get("request").waitFor();
  await window.page.keyboard.type(" thought");
  await expect.poll(() => window.get("composer").inputValue()).toBe("half a thought");
  await window.press("ArrowLeft");
  await window.get("pane-close").click();
  await window.press("Space");
  await expect.poll(() => window.get("peek-reply").inputValue()).toBe("half a thought");
  await window.get("peek-reply").focus();
  await window.answerable();
  await window.page.keyboard.press("End");
  await window.get("peek-option-1").evaluate((button: HTMLElement) => button.click());
  await expect.poll(() => window.get("group-needs-input").getByTestId("row").count()).toBe(2);
  await window.page.keyboard.type("!");
  await expect.poll(() => window.get("peek-reply").inputValue()).toBe("half a thought!");
  await window.close();
});

test("an ended job shows its log, read only", async () => {
  const window = await open();
  await window.row("npm test").locator("[data-row-main]").dblclick();
  await expect.poll(() => window.get("terminal").locator(".xterm-rows").textContent()).toContain("Tests 30 passed");
  await expect.poll(() => window.get("terminal-ended").textContent()).toContain("exited 0");
  await window.get("terminal-search").click();
  await window.get("terminal-search-input").fill("passed");
  await window.press("Enter", "Escape");
  await window.get("terminal-search-input").waitFor({ state: "detached" });
  await window.close();
});

test("several panes stand side by side and close one by one", async () => {
  const window = await open({ width: 1500 });
  await window.row("list every loose end").locator("[data-row-main]").dblclick();
  await window.row("flaky sync test").locator("[data-row-main]").dblclick();
  await expect.poll(() => window.get("pane").count()).toBe(2);
  await window.get("pane-close").first().click();
  await expect.poll(() => window.get("pane").count()).toBe(1);
  await window.close();
});

test("in narrow panes names and states stay readable", async () => {
  const window = await open({ width: 1500 });
  for (const name of ["list every loose end", "move sessions table", "draft the changelog"]) {
    await window.row(name).locator("[data-row-main]").dblclick();
    await window.page.getByRole("region", { name }).getByTestId("composer-state").waitFor();
  }
  const sizes = await window.get("pane").evaluateAll((panes) =>
    panes.map((pane) => {
      const of = (what: string) => pane.querySelector(what)?.getBoundingClientRect();
      return { name: of("h2 button")?.width ?? 0, state: of("[data-testid=composer-state]")?.height ?? 0 };
    }),
  );
  expect(sizes).toHaveLength(3);
  for (const { name, state } of sizes) {
    expect(name).toBeGreaterThan(80);
    expect(state).toBeLessThan(26);
  }
  await window.close();
});

/** A pane that was opened takes the keyboard as soon as it is there. */
async function paneHasKeyboard(window: Ui): Promise<void> {
  const inside = () => window.page.evaluate(() => document.activeElement?.closest("[data-testid=pane]") != null);
  await expect.poll(inside).toBe(true);
}

test("a column is never narrower than what can be read in it: the next session becomes a tab", async () => {
  const names = ["list every loose end", "draft the changelog", "npm test", "npm run lint", "rename the crate"];
  for (const [width, columns] of [
    [720, 2],
    [1040, 1],
    [1280, 2],
    [1600, 3],
    [2560, 4],
  ] as const) {
    const window = await open({ width });
    for (const [n, name] of names.entries()) {
      const back = window.get("pane-to-board");
      if (width <= 720 && n > 0) await back.first().click();
      await window.row(name).locator("[data-row-main]").dblclick();
      await window.page.getByRole("region", { name }).waitFor();
    }
    const columnsSeen = window.get("column");
    await expect.poll(() => columnsSeen.count()).toBe(columns);
    const widths = await columnsSeen.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
    expect(Math.min(...widths)).toBeGreaterThanOrEqual(358);
    await window.close();
  }
});

test("a pane whose session was deleted elsewhere says which one it was, and closes", async () => {
  const window = await open();
  await window.row("list every loose end").locator("[data-row-main]").dblclick();
  await window.get("composer").waitFor();
  await window.dispatch("remove list every loose end");
  await window.get("pane-gone").getByText("“list every loose end” was deleted.").waitFor();
  const pane = window.page.getByRole("region", { name: "list every loose end" });
  expect(await pane.locator("h2").textContent()).toBe("list every loose end");
  expect(await seriousFaults(window)).toEqual([]);
  await window.get("pane-gone-close").click();
  await window.get("pane").waitFor({ state: "detached" });
  await window.close();
});

test("the board beside panes is widened by keys and stays so", async () => {
  const window = await open();
  await window.row("list every loose end").locator("[data-row-main]").dblclick();
  await paneHasKeyboard(window);
  const width = async () => (await window.get("board").boundingBox())?.width ?? 0;
  const before = await width();
  await window.get("divider").focus();
  await window.press("ArrowRight", "ArrowRight");
  await expect.poll(async () => Math.round((await width()) - before)).toBe(48);
  await window.close();
});

test("panes share their width as the line between them is moved, and evenly again", async () => {
  const window = await open({ width: 1600 });
  await window.row("list every loose end").locator("[data-row-main]").dblclick();
  await window.row("flaky sync test").locator("[data-row-main]").dblclick();
  await expect.poll(() => window.get("pane").count()).toBe(2);
  await paneHasKeyboard(window);
  const widths = () =>
    window.get("pane").evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().width)));
  await expect
    .poll(async () => Math.abs(((await widths())[0] ?? 0) - ((await widths())[1] ?? 0)))
    .toBeLessThanOrEqual(1);
  const [left = 0] = await widths();
  const line = window.get("pane-divider");
  await line.focus();
  await window.press("ArrowRight", "ArrowRight");
  await expect.poll(async () => (await widths())[0]).toBeCloseTo(left + 48, -1);
  const box = await line.boundingBox();
  if (!box) throw new Error("the line is not shown");
  await window.page.mouse.move(box.x, box.y + 200);
  await window.page.mouse.down();
  await window.page.mouse.move(box.x - 2_000, box.y + 200, { steps: 4 });
  await window.page.mouse.up();
  await expect.poll(async () => (await widths())[0]).toBe(360);
  await line.dblclick();
  await expect.poll(async () => Math.abs(((await widths())[0] ?? 0) - left)).toBeLessThanOrEqual(1);
  await window.close();
});

test("a conversation goes on in its agent's own terminal, and back", async () => {
  const window = await open();
  await window.row("draft the changelog").locator("[data-row-main]").dblclick();
  await window.get("conversation").waitFor();
  await window.get("pane-surface").click();
  await window.get("terminal").waitFor();
  expect(await window.get("conversation").count()).toBe(0);
  await window.get("pane-surface").click();
  await window.get("conversation").waitFor();
  // An agent with one way only has no such button.
  await window.dispatch("say one\ndone x", "Shift+Enter");
  await window.get("conversation").last().getByText("one", { exact: true }).waitFor();
  expect(await window.get("pane").last().getByTestId("pane-surface").count()).toBe(0);
  await window.close();
});

/** Opens an ended job and gives its terminal's last words, to be measured. */
async function lastWords(window: Ui): Promise<Locator> {
  await window.row("npm test").locator("[data-row-main]").dblclick();
  await window.get("terminal-ended").waitFor();
  const words = window.get("terminal").locator(".xterm-rows > div").nth(1).locator("span").last();
  await words.waitFor();
  return words;
}

const width = (words: Locator): Promise<number> =>
  words.evaluate((it) => Math.round(it.getBoundingClientRect().width * 10));

test("a terminal's cells fit its font when that comes late", async () => {
  const soon = await open();
  const wanted = await width(await lastWords(soon));
  await soon.close();
  const late = await open();
  await late.page.route(/\.woff2/, async (route) => {
    await new Promise((passed) => setTimeout(passed, FONT_DELAY_MS));
    await route.continue();
  });
  await late.page.reload();
  const words = await lastWords(late);
  await expect.poll(() => width(words)).toBe(wanted);
  await late.close();
});
