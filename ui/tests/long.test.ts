/** A conversation of ten thousand items: little of it is rendered, all of it is reached. */
import { expect, test } from "vitest";
import { useBrowser } from "./page";

const open = useBrowser();

test("it opens at its end, few items are rendered, and any of them is reached", async () => {
  const window = await open({ mode: "long" });
  await window.row("long conversation").locator("[data-row-main]").dblclick();
  const talk = window.get("conversation");
  await talk.getByText("answer 9999", { exact: false }).waitFor();
  const rendered = () => window.get("item").count();
  expect(await rendered()).toBeLessThan(80);
  const scroller = talk.locator(".scroll");
  await scroller.evaluate((node) => (node.scrollTop = 0));
  await talk.getByText("answer 1.", { exact: false }).first().waitFor();
  expect(await rendered()).toBeLessThan(80);
  await window.get("jump-latest").click();
  await talk.getByText("answer 9999", { exact: false }).waitFor();
  await window.close();
});

test("what is read stays where it is while items above it are measured", async () => {
  const window = await open({ mode: "long" });
  await window.row("long conversation").locator("[data-row-main]").dblclick();
  const talk = window.get("conversation");
  await talk.getByText("answer 9999", { exact: false }).waitFor();
  const scroller = talk.locator(".scroll");
  await scroller.evaluate((node) => (node.scrollTop = node.scrollHeight / 2));
  await expect.poll(() => talk.locator("[data-item=m9999]").count()).toBe(0);
  await scroller.hover();
  /** The first item in view and where it is. */
  const reading = () =>
    scroller.evaluate((node) => {
      const top = node.getBoundingClientRect().top;
      const slots = [...node.querySelectorAll<HTMLElement>("[data-item]")];
      const first = slots.find((slot) => slot.getBoundingClientRect().top >= top);
      return { id: first?.dataset["item"] ?? "", at: Math.round((first?.getBoundingClientRect().top ?? 0) - top) };
    });
  for (let turn = 0; turn < 4; turn += 1) {
    await window.page.mouse.wheel(0, -700);
    await expect.poll(async () => JSON.stringify(await reading()) === JSON.stringify(await reading())).toBe(true);
  }
  const { id, at } = await reading();
  await window.page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
  const after = await talk
    .locator(`[data-item=${id}]`)
    .evaluate((node) =>
      Math.round(node.getBoundingClientRect().top - (node.closest(".scroll")?.getBoundingClientRect().top ?? 0)),
    );
  expect(Math.abs(after - at)).toBeLessThanOrEqual(1);
  await window.close();
});

test("a search counts all matches and goes to those that are not rendered", async () => {
  const window = await open({ mode: "long" });
  await window.row("long conversation").locator("[data-row-main]").dblclick();
  const talk = window.get("conversation");
  await talk.getByText("answer 9999", { exact: false }).waitFor();
  await window.press("Control+f");
  await window.page.keyboard.type("question 50");
  // 50, 500 to 509 in fives, 5000 to 5099 in fives.
  await expect.poll(() => window.get("conversation-find-note").textContent()).toBe("1 of 23");
  await window.press("Enter", "Enter");
  await talk.getByText("question 505", { exact: true }).waitFor();
  expect(await window.get("item").count()).toBeLessThan(80);
  await window.close();
});
