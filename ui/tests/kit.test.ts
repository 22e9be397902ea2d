/** The page of all components: complete, without errors and accessible, dark and light. */
import { readdirSync } from "node:fs";
import { expect, inject, test } from "vitest";
import { seriousFaults, useBrowser } from "./page";

const open = useBrowser();
/** Made of these alone, and shown as them. */
const INNER = ["MarkdownBlock", "MarkdownLink", "MarkdownTokens"];

for (const theme of ["dark", "light"]) {
  test(`${theme}: every component of the kit is shown, and no serious fault with it`, async () => {
    const window = await open();
    await window.page.goto(`${inject("url")}?kit&theme=${theme}`);
    await window.get("kit").waitFor();
    const titles = await window.get("specimen").evaluateAll((all) => all.map((one) => one.getAttribute("data-title")));
    const files = readdirSync(new URL("../src/kit", import.meta.url)).filter((name) => name.endsWith(".svelte"));
    for (const name of files.map((file) => file.replace(".svelte", ""))) {
      if (!INNER.includes(name)) expect(titles).toContain(name);
    }
    await expect.poll(() => window.page.getByRole("menu").count()).toBe(1);
    await window.get("kit-overlay").click();
    await window.get("kit-dialog").waitFor();
    await window.press("Escape");
    await window.get("kit-dialog").waitFor({ state: "detached" });
    expect(await seriousFaults(window)).toEqual([]);
    await window.close();
  });
}

test("both themes stand side by side, and what seems hovered looks so", async () => {
  const window = await open({ width: 1600 });
  await window.page.goto(`${inject("url")}?kit`);
  const frame = (theme: string) => window.page.frameLocator(`[data-testid=kit-${theme}]`);
  const border = (one: Element) => getComputedStyle(one).borderColor;
  for (const theme of ["dark", "light"]) {
    const hovered = frame(theme).locator("[data-title=Button] .as-hover button").first();
    const plain = frame(theme).locator("[data-title=Button] button").first();
    await expect.poll(async () => (await hovered.evaluate(border)) !== (await plain.evaluate(border))).toBe(true);
  }
  // Each wears its theme once its scripts have run.
  const background = (theme: string) =>
    frame(theme)
      .locator("body")
      .evaluate((body) => getComputedStyle(body).backgroundColor);
  await expect.poll(async () => (await background("dark")) !== (await background("light"))).toBe(true);
  await window.close();
});
