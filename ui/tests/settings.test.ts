/** The settings: fields, keys, looks, the file itself and what is wrong in it. */
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();

async function settings(window: Ui, section: string): Promise<void> {
  await window.press("Control+,");
  await window.get(`settings-${section}`).click();
  await window.get(`settings-content-${section}`).waitFor();
}

const root = (window: Ui, key: string) => window.page.evaluate((name) => document.documentElement.dataset[name], key);
const scribble = (window: Ui, text: string) => window.page.evaluate((written) => self.__settings?.(written), text);

test("a theme, contrast and a text size count at once and after a start", async () => {
  const window = await open();
  await expect.poll(() => root(window, "theme")).toBe("dark");
  await settings(window, "appearance");
  await window.get("setting-appearance.theme-menu").click();
  await window.page.getByRole("menuitemradio", { name: "Light" }).click();
  await expect.poll(() => root(window, "theme")).toBe("light");
  await window.get("setting-appearance.high_contrast-menu").click();
  await window.page.getByRole("menuitemradio", { name: "On" }).click();
  await expect.poll(() => root(window, "contrast")).toBe("more");
  const size = window.get("setting-appearance.font_size").locator("input");
  await size.fill("99");
  await window.press("Tab");
  await expect.poll(() => window.get("setting-appearance.font_size-refused").textContent()).toContain("11 to 20");
  await size.fill("16");
  await window.press("Tab");
  const row = () => window.row("npm test").evaluate((node) => node.getBoundingClientRect().height);
  await expect.poll(row).toBeGreaterThan(45);
  await window.get("setting-appearance.theme-reset").click();
  await expect.poll(() => root(window, "theme")).toBe("dark");
  await window.close();
});

test("an action takes the key it was given, a clash is said, and the usual key comes back", async () => {
  const window = await open();
  await settings(window, "keys");
  const pin = window.get("key-session.pin");
  await pin.getByTestId("key-set").click();
  await window.press("Control+r");
  await pin.getByTestId("key-clash").waitFor();
  await expect.poll(() => pin.textContent()).toContain("also: Rename");
  await pin.getByTestId("key-set").click();
  await window.press("F7");
  await expect.poll(() => pin.textContent()).toContain("F7");
  await window.get("settings-close").click();
  await window.select("flaky sync test");
  await window.press("F7");
  await expect.poll(() => window.row("flaky sync test").getAttribute("data-group")).toBe("pinned");
  await window.press("Control+t");
  await window.get("open-keys").click();
  await window.get("key-sheet").getByText("F7").waitFor();
  await window.press("Escape");
  await settings(window, "keys");
  await pin.getByTestId("key-reset").click();
  await expect.poll(() => pin.textContent()).toContain("Ctrl");
  await window.close();
});

test("a file that cannot be read says where, changes nothing, and is mended in place", async () => {
  const window = await open();
  await scribble(window, '[appearance]\ntheme = "light"\n');
  await settings(window, "general");
  await expect.poll(() => root(window, "theme")).toBe("light");
  await window.get("settings-close").click();
  await scribble(window, '[appearance]\ntheme = "dark"\nbroken\n');
  await settings(window, "general");
  await expect.poll(() => window.get("settings-problem").textContent()).toContain("Line 3");
  await expect.poll(() => root(window, "theme")).toBe("light");
  await window.get("settings-problem").click();
  await expect.poll(() => window.get("settings-note").textContent()).toContain("Line 3, column 1");
  await window.get("settings-text").fill('[appearance]\ntheme = "dark"\nbroken again\n');
  await window.get("settings-save").click();
  await window.get("settings-refused").waitFor();
  await window.get("settings-text").fill('[appearance]\ntheme = "dark"\ncolour = 1\n');
  await window.get("settings-save").click();
  await expect.poll(() => root(window, "theme")).toBe("dark");
  await expect.poll(() => window.get("settings-note").textContent()).toContain("`colour` is not known");
  await window.close();
});

test("fields write what they say, agents are listed and the supervisor is described", async () => {
  const window = await open();
  await settings(window, "general");
  await window.get("setting-worktree.branch_prefix").locator("input").fill("mine/");
  await window.press("Tab");
  await window.get("setting-worktree.branch_prefix-reset").waitFor();
  await window.get("settings-notifications").click();
  await window.get("setting-notifications.finished").getByRole("switch").click();
  await window.get("settings-advanced").click();
  await expect.poll(() => window.get("settings-text").inputValue()).toContain('branch_prefix = "mine/"');
  await expect.poll(() => window.get("settings-text").inputValue()).toContain("finished = false");
  await expect.poll(() => window.get("settings-status").textContent()).toContain("0.1.0");
  await window.get("settings-agents").click();
  await expect.poll(() => window.get("settings-agent").count()).toBe(7);
  const codex = window.page.locator("[data-testid=settings-agent][data-agent=codex]");
  await expect.poll(() => codex.textContent()).toContain("not signed in");
  await window.get("settings-permissions").click();
  await expect.poll(() => window.get("rule").allTextContents()).toHaveLength(2);
  await expect
    .poll(async () => (await window.get("rule").first().textContent())?.replace(/\s+/g, " "))
    .toContain("Reject git push --force execute Bash · claude in ~/code/atlas · 1h");
  await window.get("rule-revoke").first().click();
  await expect.poll(() => window.get("rule").allTextContents()).toHaveLength(1);
  await expect.poll(() => window.get("trusted").allTextContents()).toHaveLength(1);
  await expect
    .poll(() => window.get("trusted").textContent())
    .toContain(".nightshift/setup (run before a session starts)");
  await window.get("trusted-show").click();
  await expect.poll(() => window.get("trusted-text").textContent()).toContain("npm ci");
  await window.get("trusted-revoke").click();
  await expect.poll(() => window.get("trusted").count()).toBe(0);
  await window.get("settings-agents").click();
  await codex.getByTestId("agent-run").click();
  expect(await window.get("settings").count()).toBe(0);
  await window.get("pane").waitFor();
  await expect.poll(() => window.get("pane").textContent()).toContain("codex login");
  await window.close();
});

test("the first frame wears the theme before any script of the window has run", async () => {
  for (const light of [true, false]) {
    const window = await open({ light });
    await window.page.route(/assets\/.*\.js/, () => new Promise(() => undefined));
    await window.page.goto(window.page.url(), { waitUntil: "commit" });
    await window.page.locator("header.early").waitFor();
    await expect
      .poll(() => window.page.evaluate(() => document.documentElement.dataset["theme"]))
      .toBe(light ? "light" : "dark");
    await expect.poll(() => window.page.title()).toBe("Nightshift");
    await window.close();
  }
});

test("the first frame stands where the window will be", async () => {
  for (const width of [720, 1180, 1700]) {
    const window = await open({ width });
    const place = (selector: string) => window.page.locator(selector).boundingBox();
    const [bar, name, box] = [
      await place("header[data-zone=board]"),
      await place("header[data-zone=board] h1"),
      await place(".box:has([data-testid=dispatch-input])"),
    ];
    await window.page.route(/assets\/.*\.js/, () => new Promise(() => undefined));
    await window.page.goto(window.page.url(), { waitUntil: "commit" });
    await window.page.locator(".early-input").waitFor();
    await expect.poll(() => place(".early-input")).toEqual(box);
    expect(await place("header.early")).toEqual(bar);
    expect((await place("header.early img"))?.x).toBe((name?.x ?? 0) - 20 - 9);
    await window.close();
  }
});
