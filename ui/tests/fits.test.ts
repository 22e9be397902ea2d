/** Buttons stay inside the card that they belong to, at the widths at which there is the least room. */
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();

/** Buttons in `card` that stick out of it, by their text. */
const sticksOut = (window: Ui, card: string): Promise<string[]> =>
  window.page.locator(card).evaluate((element) => {
    const { left, right } = element.getBoundingClientRect();
    const buttons = [...element.querySelectorAll("button")];
    const out = buttons.filter((button) => {
      const box = button.getBoundingClientRect();
      return box.width > 0 && (box.left < left || box.right > right);
    });
    return out.map((button) => button.textContent.trim());
  });

test("the peek's buttons at 720 pixels", async () => {
  const window = await open({ width: 720 });
  for (const name of ["move sessions table", "npm test"]) {
    await window.select(name);
    await window.press("Space");
    await window.get("peek").waitFor();
    expect(await window.page.locator("[data-testid=peek] button").count()).toBeGreaterThan(3);
    expect(await sticksOut(window, "[data-testid=peek]")).toEqual([]);
    await window.press("Space");
  }
  await window.close();
});

test("the commands that install an agent, at every width", async () => {
  for (const width of [720, 1000, 1180, 1440]) {
    const window = await open({ mode: "empty", width });
    await window.get("first-more").click();
    expect(await window.get("agent-run").count()).toBeGreaterThan(1);
    // An agent of the settings may have any command.
    await window.page.locator(".card code").evaluateAll((lines) => {
      for (const line of lines) line.textContent = `npm install -g @example/${"agent-".repeat(20)}acp`;
    });
    expect(await sticksOut(window, ".card")).toEqual([]);
    await window.close();
  }
});

test("the names of the settings' pages are one line each", async () => {
  const window = await open({ width: 1180 });
  await window.press("Control+,");
  await window.get("settings").waitFor();
  const tall = await window.page
    .locator("[data-testid=settings] [role=tab]")
    .evaluateAll((tabs) => tabs.filter((tab) => tab.scrollHeight > tab.clientHeight).map((tab) => tab.textContent));
  expect(tall).toEqual([]);
  await window.close();
});
