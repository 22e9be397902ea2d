/** The list of receipts, and the quick window's page. */
import { expect, inject, test } from "vitest";
import { seriousFaults, useBrowser } from "./page";

const open = useBrowser();

test("the palette opens the receipts: each says what became of it, hostile text stays text", async () => {
  const window = await open();
  await window.press("Control+k");
  await window.page.keyboard.type("notification log");
  await window.press("Enter");
  const list = window.get("receipts");
  await list.waitFor();
  await expect.poll(() => window.get("receipt").count()).toBe(6);
  await expect.poll(() => list.innerText()).toContain("Not sent: it came in the quiet hours");
  await expect.poll(() => list.innerText()).toContain("Failed: no notification service: there is no session bus");
  await expect.poll(() => list.innerText()).toContain("<b>Which</b> directory?");
  expect(await seriousFaults(window)).toEqual([]);
  await window.get("receipts-test").click();
  await expect.poll(() => window.get("receipt").count()).toBe(7);
  await window.press("Escape");
  await list.waitFor({ state: "detached" });
  await window.close();
});

test("the quick window refuses a slip of the finger and clears what it has started", async () => {
  const window = await open();
  await window.page.goto(`${inject("url")}quick.html?fake=&speed=6`);
  const input = window.get("quick-input");
  await input.waitFor();
  await expect.poll(() => window.get("quick-project").inputValue()).toBe("~/code/ledger");
  await window.press("Alt+ArrowDown");
  await expect.poll(() => window.get("quick-project").inputValue()).toBe("~/code/atlas");
  await input.fill("abc");
  await window.press("Enter");
  await expect.poll(() => window.get("quick-error").innerText()).toContain("too short");
  expect(await seriousFaults(window)).toEqual([]);
  await input.fill("! npm test");
  await window.press("Enter");
  await expect.poll(() => input.inputValue()).toBe("");
  await window.close();
});

test("the quick window looks as the main window does", async () => {
  for (const light of [true, false]) {
    const window = await open({ light });
    await window.page.goto(`${inject("url")}quick.html?fake=&speed=6`);
    await window.get("quick-input").waitFor();
    const theme = () => window.page.evaluate(() => document.documentElement.dataset["theme"]);
    await expect.poll(theme).toBe(light ? "light" : "dark");
    if (light) expect(await seriousFaults(window)).toEqual([]);
    await window.close();
  }
});

test("the settings say whether notifications are shown, and the first run only that they are not", async () => {
  const heard = await open();
  await heard.press("Control+,");
  await heard.get("settings-notifications").click();
  const line = heard.get("notification-permission");
  await expect.poll(() => line.getAttribute("data-permission")).toBe("granted");
  await heard.close();

  const fresh = await open({ mode: "empty" });
  await fresh.get("first-run").waitFor();
  await fresh.get("agent").first().waitFor();
  expect(await fresh.get("notification-permission").count()).toBe(0);
  await fresh.close();

  const unheard = await open({ mode: "unheard" });
  const trouble = unheard.get("first-run").getByTestId("notification-permission");
  await expect.poll(() => trouble.innerText()).toContain("no program on this desktop shows notifications");
  await expect.poll(() => trouble.innerText()).toContain("Settings, Notifications");
  expect(await seriousFaults(unheard)).toEqual([]);
  await unheard.close();
});
