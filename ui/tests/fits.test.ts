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
    // All in one row.
    const middles = await window.page.locator("[data-testid=peek] footer button").evaluateAll((all) => {
      const boxes = all.map((one) => one.getBoundingClientRect()).filter((box) => box.width > 0);
      return boxes.map((box) => box.top + box.height / 2);
    });
    expect(Math.max(...middles) - Math.min(...middles)).toBeLessThan(8);
    await window.press("Space");
  }
  await window.close();
});

test("the commit message is seen whole while it is written, and scrolls when it is long", async () => {
  for (const width of [720, 1280, 2560]) {
    const window = await open({ width });
    await window.row("flaky sync test").locator("[data-row-main]").dblclick();
    await window.get("pane-review").click();
    const field = window.get("review-message");
    const cut = () => field.evaluate((box) => box.scrollHeight - box.clientHeight);
    const height = () => field.evaluate((box) => box.getBoundingClientRect().height);
    await field.fill("wait for the second write");
    await expect.poll(cut).toBe(0);
    const one = await height();
    await field.fill("wait for the second write\n\nThe first is what the test itself wrote.");
    await expect.poll(cut).toBe(0);
    expect(await height()).toBeGreaterThan(one);
    await field.fill("a line\n".repeat(60));
    await expect.poll(cut).toBeGreaterThan(0);
    expect(await height()).toBeLessThan(200);
    await field.fill("");
    await expect.poll(height).toBe(one);
    await window.close();
  }
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
