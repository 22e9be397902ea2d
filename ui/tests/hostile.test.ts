/** What agents and programs may say to harm the window: it stays in its place and runs none of it. */
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();

/** Nothing of the page is wider than the page, and nothing of what was said has run. */
async function expectUnharmed(window: Ui): Promise<void> {
  const { wide, pwned, title } = await window.page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    pwned: "__pwned" in self,
    title: document.title,
  }));
  expect(wide).toBeLessThanOrEqual(0);
  expect(pwned).toBe(false);
  expect(title).toMatch(/Nightshift$/);
}

test("hostile names, lines and results are one calm line each, in rows, peek and conversation", async () => {
  const asked: string[] = [];
  const window = await open({ mode: "hostile" });
  window.page.on("request", (request) => asked.push(request.url()));
  const rows = window.get("group-completed").getByTestId("row");
  await expect.poll(() => rows.count()).toBe(5);
  const heights = await rows.evaluateAll((all) => all.map((row) => row.getBoundingClientRect().height));
  expect(new Set(heights).size).toBe(1);
  for (let at = 0; at < 5; at += 1) {
    await rows.nth(at).locator("[data-row-main]").click();
    await window.press("Space");
    await window.get("peek-result").waitFor();
    await expectUnharmed(window);
    await window.press("Space");
  }
  await window.press("Enter");
  await window.get("conversation").waitFor();
  await expectUnharmed(window);
  expect(asked.filter((url) => url.includes("example.invalid"))).toEqual([]);
  await window.close();
});

test("a prompt of five thousand characters keeps the input small and its row a line", async () => {
  const window = await open();
  const prompt = "explain ".repeat(625);
  await window.get("dispatch-input").fill(prompt);
  expect((await window.get("dispatch-input").boundingBox())?.height ?? 0).toBeLessThanOrEqual(220);
  await expectUnharmed(window);
  await window.press("Shift+Enter");
  await window.get("conversation").getByText("explain explain").first().waitFor();
  await expectUnharmed(window);
  await window.close();
});

test("a line of a megabyte in an answer, without a place to break", async () => {
  const window = await open();
  await window.dispatch("say x\nwait 1\nask Ready?", "Shift+Enter");
  await window.get("request").waitFor();
  await window.answerable();
  await window.get("composer").fill("a".repeat(1_000_000));
  await expectUnharmed(window);
  await window.press("Enter");
  await expect.poll(() => window.get("composer").inputValue()).toBe("");
  await expectUnharmed(window);
  await window.close();
});

test("a terminal's sequences reach the terminal alone", async () => {
  const window = await open();
  await window.dispatch("! cat", "Shift+Enter");
  const terminal = window.get("terminal");
  await terminal.waitFor();
  await terminal.locator("textarea").focus();
  await window.page.keyboard.insertText(
    "\u001b]0;owned\u0007\u001b]8;;javascript:window.__pwned=1\u0007link\u001b]8;;\u0007\u001b[?1049h",
  );
  await window.press("Enter");
  await expectUnharmed(window);
  await window.close();
});

test("a broken settings file leaves the window as it is", async () => {
  const window = await open();
  await window.page.evaluate(() =>
    self.__settings?.(
      '[appearance]\nfont_size = 900\ntheme = "<img src=x onerror=window.__pwned=1>"\n[terminal]\nfont_family = "x; } body { display: none"\nscrollback = 99999999\n[keys]\n"session.pin" = "<b>"\n',
    ),
  );
  await window.press("Control+,");
  await window.get("settings-advanced").click();
  await expectUnharmed(window);
  expect((await window.row("npm test").boundingBox())?.height ?? 0).toBeLessThan(80);
  await window.press("Escape");
  await window.row("npm test").locator("[data-row-main]").dblclick();
  await window.get("terminal-ended").waitFor();
  await expectUnharmed(window);
  await window.close();
});
