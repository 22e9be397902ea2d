/** What goes on by itself: on the row, in its panel, begun and stopped. */
import { expect, test } from "vitest";
import { useBrowser } from "./page";

const open = useBrowser();

test("a sleeping session says its run and when it wakes, and everything that wakes it can be stopped", async () => {
  const window = await open();
  const row = window.row("watch the nightly build");
  await expect.poll(() => row.textContent()).toContain("run 12 · 1 monitor · in 4m");
  await expect.poll(() => row.getByRole("img").getAttribute("aria-label")).toBe("Idle, waiting for its next run");
  await window.select("watch the nightly build");
  await window.press("Control+g");
  await expect.poll(() => window.get("automation-item").count()).toBe(3);
  const kinds = await window
    .get("automation-item")
    .evaluateAll((all) => all.map((one) => one.getAttribute("data-kind")));
  expect(kinds).toEqual(["loop", "cron", "monitor"]);
  await window.get("automation-item-stop").first().click();
  await expect.poll(() => window.get("automation-item").count()).toBe(2);
  await window.get("automation-item-stop").first().click();
  await expect.poll(() => window.get("automation-item").count()).toBe(1);
  await window.get("automation-item-stop").first().click();
  await expect.poll(() => window.get("automation-item-stop").count()).toBe(0);
  await window.close();
});

test("a goal is set with bounds and a check, doubted while nobody could prove it, and cleared", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.press("Space");
  await window.get("peek-automation").click();
  await window.get("goal-new").click();
  await window.page.keyboard.type("the code is clean");
  await window.get("goal-warning").getByText("clean").waitFor();
  await window.get("goal-condition").fill('the output of "npm test" shows 0 failures');
  expect(await window.get("goal-warning").count()).toBe(0);
  await window.get("goal-turns").fill("x");
  await expect.poll(() => window.get("goal-set").isDisabled()).toBe(true);
  await window.get("goal-turns").fill("15");
  await window.get("goal-check").fill("npm test");
  await window.get("goal-set").click();
  await expect
    .poll(() => window.get("automation-item").textContent())
    .toContain("shows 0 failures, or stop after 15 turns");
  await expect.poll(() => window.get("goal-about").textContent()).toContain("npm test");
  await window.get("automation-item-stop").click();
  await window.get("goal-ended").getByText("cleared").waitFor();
  await window.close();
});

test("a loop that is refused keeps its words and says why", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.press("Control+g");
  await window.get("loop-new").click();
  await window.get("loop-interval").fill("5s");
  await window.get("loop-prompt").fill("look at the build");
  await window.press("Enter");
  await window.get("toast").getByText("shorter than a minute").waitFor();
  await expect.poll(() => window.get("loop-prompt").inputValue()).toBe("look at the build");
  await window.get("loop-interval").fill("30m");
  await window.get("loop-start").click();
  await expect.poll(() => window.get("automation-item").textContent()).toContain("30m look at the build");
  await window.close();
});
