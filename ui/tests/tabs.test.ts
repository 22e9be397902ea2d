/** Tabs of a pane and windows of single sessions. */
import type { Locator } from "playwright-core";
import { expect, inject, test } from "vitest";
import { seriousFaults, useBrowser, type Ui } from "./page";

const open = useBrowser();

const NAMES = ["list every loose end", "draft the changelog", "move sessions table"] as const;

/** Opens the first session in a column, the others as tabs behind it. */
async function tabbed(window: Ui): Promise<void> {
  for (const [n, name] of NAMES.entries()) {
    await window.select(name);
    await window.press(n === 0 ? "Enter" : "Control+Shift+Enter");
    await window.page.getByRole("region", { name }).waitFor();
    // Back to the board, whose keys these are.
    await window.select(name);
  }
}

const front = (window: Ui) => window.get("pane").getAttribute("aria-label");
const namesOf = async (tabs: Locator) => (await tabs.allTextContents()).map((name) => name.trim());
const tabs = (window: Ui) => namesOf(window.get("tab"));

test("sessions open as tabs of one pane, and keys go through them", async () => {
  const window = await open();
  await tabbed(window);
  await expect.poll(() => window.get("pane").count()).toBe(1);
  await expect.poll(() => tabs(window)).toEqual([...NAMES]);
  await expect.poll(() => front(window)).toBe(NAMES[2]);
  await window.get("pane-rename").focus();
  await window.press("Control+Tab");
  await expect.poll(() => front(window)).toBe(NAMES[0]);
  await window.get("pane-rename").focus();
  await window.press("Control+Shift+Tab");
  await expect.poll(() => front(window)).toBe(NAMES[2]);
  await window.get("tab").nth(1).click();
  await expect.poll(() => front(window)).toBe(NAMES[1]);
  await expect.poll(() => window.page.getByRole("tab", { selected: true }).textContent()).toContain(NAMES[1]);
  // The board opens what is a tab already by bringing it in front.
  await window.row(NAMES[0]).locator("[data-row-main]").dblclick();
  await expect.poll(() => front(window)).toBe(NAMES[0]);
  await expect.poll(() => window.get("tab").count()).toBe(3);
  await window.close();
});

test("arrows go through the tabs, Delete and the middle button close one, the last has no bar", async () => {
  const window = await open();
  await tabbed(window);
  await window.get("tab").nth(2).focus();
  await window.press("ArrowLeft");
  await expect.poll(() => front(window)).toBe(NAMES[1]);
  await expect.poll(() => window.page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe("tab");
  await window.press("Delete");
  await expect.poll(() => tabs(window)).toEqual([NAMES[0], NAMES[2]]);
  await window.get("tab").first().click({ button: "middle" });
  await window.get("tab").waitFor({ state: "detached" });
  await expect.poll(() => front(window)).toBe(NAMES[2]);
  await window.close();
});

test("closing a tab gives the next one the keyboard, closing the last one the board", async () => {
  const window = await open();
  await tabbed(window);
  await window.get("tab").nth(1).click();
  await window.get("conversation").waitFor();
  await window.press("Control+w");
  await expect.poll(() => front(window)).toBe(NAMES[2]);
  await expect
    .poll(() => window.page.evaluate(() => document.activeElement?.closest("[data-testid=pane]") !== null))
    .toBe(true);
  await window.press("Control+w");
  await expect.poll(() => front(window)).toBe(NAMES[0]);
  await window.press("Control+w");
  await window.get("pane").waitFor({ state: "detached" });
  await expect.poll(() => window.page.evaluate(() => document.activeElement?.hasAttribute("data-row-main"))).toBe(true);
  await window.close();
});

test("a tab gets a pane of its own, and is dragged back among the others", async () => {
  const window = await open({ width: 1600 });
  await tabbed(window);
  await window.get("tab").nth(1).click();
  await window.press("Control+Shift+S");
  await expect.poll(() => window.get("pane").count()).toBe(2);
  await expect.poll(() => window.get("column").nth(1).getByTestId("pane").getAttribute("aria-label")).toBe(NAMES[1]);
  // Beside it a second one, so that the first has tabs again.
  await window.row("npm test").locator("[data-row-main]").click();
  await window.press("Control+Shift+Enter");
  await expect.poll(() => window.get("column").nth(1).getByTestId("tab").count()).toBe(2);
  const [dragged, target] = [
    window.get("column").nth(1).getByTestId("tab").first(),
    window.get("column").first().getByTestId("tab").first(),
  ];
  await dragged.dragTo(target);
  await expect
    .poll(() => namesOf(window.get("column").first().getByTestId("tab")))
    .toEqual([NAMES[1], NAMES[0], NAMES[2]]);
  expect(await window.get("column").nth(1).getByTestId("tab").count()).toBe(0);
  await window.close();
});

test("where no more panes fit, a session opens as a tab and none is closed", async () => {
  const window = await open({ width: 1200 });
  for (const name of NAMES) await window.row(name).locator("[data-row-main]").dblclick();
  await expect.poll(() => window.get("pane").count()).toBe(2);
  const column = window.get("column").nth(1);
  await expect.poll(() => namesOf(column.getByTestId("tab"))).toEqual([NAMES[1], NAMES[2]]);
  await window.close();
});

test("a terminal behind another tab is let go, and shows its screen again", async () => {
  const window = await open();
  await window.dispatch("! bash", "Shift+Enter");
  const rows = window.get("terminal").locator(".xterm-rows");
  await expect.poll(() => rows.textContent()).toContain("❯");
  await window.page.keyboard.type("echo here it is");
  await window.press("Enter");
  await window.select(NAMES[0]);
  await window.press("Control+Shift+Enter");
  await window.get("conversation").waitFor();
  expect(await window.get("terminal").count()).toBe(0);
  await window.get("tab").first().click();
  await expect.poll(() => rows.textContent()).toContain("here it is");
  // Its keys are its own, but for those that go through the tabs.
  await window.press("Control+Tab");
  await window.get("conversation").waitFor();
  await window.close();
});

test("a long row of tabs stays in its pane, names and all", async () => {
  const window = await open();
  await tabbed(window);
  const all = await window.get("row").count();
  for (let n = 0; n < all; n += 1) {
    await window.get("row").nth(n).locator("[data-row-main]").click();
    await window.press("Control+Shift+Enter");
  }
  expect(await window.get("tab").count()).toBeGreaterThan(6);
  const bar = await window.get("tabs").boundingBox();
  const pane = await window.get("pane").boundingBox();
  expect(bar?.width).toBe(pane?.width);
  const last = await window.page.locator("[role=tab][aria-selected=true]").boundingBox();
  expect(last && bar && last.x >= bar.x && last.x + last.width <= bar.x + bar.width + 1).toBe(true);
  await window.close();
});

test("no serious accessibility fault with tabs, dark and light", async () => {
  for (const light of [false, true]) {
    const window = await open({ light });
    await tabbed(window);
    expect(await seriousFaults(window)).toEqual([]);
    await window.close();
  }
});

test("a session goes into a window of its own, and its pane closes", async () => {
  const window = await open();
  const session = await window.row(NAMES[0]).getAttribute("data-session");
  await window.row(NAMES[0]).locator("[data-row-main]").dblclick();
  await window.get("pane-pop-out").click();
  await window.get("pane").waitFor({ state: "detached" });
  await expect.poll(() => window.page.locator("html").getAttribute("data-popped-out")).toBe(session);
  await window.close();
});

/** The page of such a window; the simulation always has the same sessions. */
async function alone(window: Ui, session: string): Promise<void> {
  await window.page.goto(`${inject("url")}pane.html?fake=&speed=6&session=${session}`);
  await window.get("session-window").waitFor();
}

test("a window of one session has its name, its keys and no board", async () => {
  const window = await open();
  const session = (await window.row(NAMES[2]).getAttribute("data-session")) ?? "";
  await alone(window, session);
  await window.get("conversation").getByTestId("request").waitFor();
  await expect.poll(() => window.page.title()).toBe(`${NAMES[2]} · Nightshift`);
  expect(await window.get("board").count()).toBe(0);
  await window.answerable();
  await window.press("1");
  await window.get("request-answer").waitFor();
  expect(await seriousFaults(window)).toEqual([]);
  // Only what makes sense here is offered.
  await window.press("Control+k");
  await window.get("palette-entry").first().waitFor();
  const offered = (await window.get("palette-entry").allTextContents()).join("\n");
  expect(offered).toContain("Move to a separate window or back");
  expect(offered).not.toContain("New session");
  expect(offered).not.toContain("Open draft the changelog");
  await window.press("Escape");
  await window.press("Control+Shift+O");
  await expect.poll(() => window.page.locator("html").getAttribute("data-put-back")).toBe(session);
  await window.get("pane-close").click();
  await expect.poll(() => window.page.locator("html").getAttribute("data-closed")).toBe("");
  await window.close();
});

test("what is being written goes along into the other window, and back", async () => {
  const window = await open();
  const session = (await window.row(NAMES[1]).getAttribute("data-session")) ?? "";
  await window.row(NAMES[1]).locator("[data-row-main]").dblclick();
  await window.get("composer").fill("half a thought");
  await window.get("pane-pop-out").click();
  await window.get("pane").waitFor({ state: "detached" });
  await alone(window, session);
  await expect.poll(() => window.get("composer").inputValue()).toBe("half a thought");
  await window.get("composer").fill("a whole one");
  await window.get("pane-put-back").click();
  const handed = () => window.page.evaluate((id) => localStorage.getItem(`nightshift.handed.${id}`), session);
  await expect.poll(handed).toBe(JSON.stringify("a whole one"));
  await window.close();
});

test("a window of one session leaves alone what the board's window keeps", async () => {
  const window = await open();
  const session = (await window.row(NAMES[1]).getAttribute("data-session")) ?? "";
  await alone(window, session);
  await window.get("conversation").waitFor();
  const kept = JSON.stringify({ "~/code": { text: "begun meanwhile", pastes: [] } });
  await window.page.evaluate((drafts) => localStorage.setItem("nightshift.drafts", drafts), kept);
  await window.page.reload();
  await window.get("conversation").waitFor();
  expect(await window.page.evaluate(() => localStorage.getItem("nightshift.drafts"))).toBe(kept);
  await window.close();
});

test("a session that is deleted in its own window says so, and comes back", async () => {
  const window = await open();
  const session = (await window.row(NAMES[0]).getAttribute("data-session")) ?? "";
  await alone(window, session);
  await window.get("pane-stop").click();
  await window.get("pane-stop").click();
  await window.get("session-window-gone").waitFor();
  await window.get("undo-delete").click();
  await window.get("conversation").waitFor();
  await window.close();
});
