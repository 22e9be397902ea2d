/** What can be chosen while a conversation goes on, and commands in what is written to it. */
import { expect, test } from "vitest";
import { useBrowser } from "./page";

const open = useBrowser();

test("mode and model show what is in force and are chosen by keyboard", async () => {
  const window = await open();
  await window.dispatch("say one\ndone x", "Shift+Enter");
  const mode = window.get("option-mode");
  await mode.waitFor();
  await expect.poll(() => mode.textContent()).toContain("Ask");
  await expect.poll(() => window.get("option-model").textContent()).toContain("Steady");
  await mode.focus();
  await window.press("Enter");
  await window.page.getByRole("menuitemradio", { name: "Auto" }).waitFor();
  await window.press("ArrowDown", "Enter");
  await expect.poll(() => mode.textContent()).toContain("Auto");
  await expect.poll(() => mode.evaluate((it) => it === document.activeElement)).toBe(true);
  await window.close();
});

test("the next session's model is chosen from what an earlier one told", async () => {
  const window = await open();
  expect(await window.get("dispatch-model").count()).toBe(0);
  await window.dispatch("say one\ndone x", "Shift+Enter");
  await window.get("option-model").waitFor();
  const model = window.get("dispatch-model");
  await expect.poll(() => model.textContent()).toContain("Model");
  await model.click();
  await window.page.getByRole("menuitemradio", { name: "Brisk" }).click();
  await expect.poll(() => model.textContent()).toContain("Brisk");
  await window.close();
});

test("a slash lists Nightshift's commands and the agent's, and what was learned is offered to the next session", async () => {
  const window = await open();
  await window.dispatch("say one\ndone x", "Shift+Enter");
  const composer = window.get("composer");
  await composer.focus();
  await window.page.keyboard.type("/");
  await window.get("completion").first().waitFor();
  const offered = async () =>
    (await window.get("completion").allTextContents()).map((text) => /\/([a-z]+)/.exec(text)?.[1]);
  await expect.poll(offered).toEqual(["goal", "loop", "proactive", "tasks", "bashes", "review"]);
  await window.page.keyboard.type("rev");
  await window.press("Tab");
  await expect.poll(() => composer.inputValue()).toBe("/review ");
  expect(await window.get("completion").count()).toBe(0);
  await composer.fill("say /rev");
  expect(await window.get("completion").count()).toBe(0);
  await composer.fill("/l");
  await window.get("completion").first().waitFor();
  await window.press("Escape");
  expect(await window.get("completion").count()).toBe(0);
  await expect.poll(() => composer.inputValue()).toBe("/l");

  await window.get("dispatch-input").fill("/rev");
  await expect.poll(() => window.get("completion").allTextContents()).toHaveLength(1);
  await window.press("Enter");
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("/review ");
  await window.close();
});

test("a page that an agent asks for is a link in the conversation and in the peek, and is answered", async () => {
  const window = await open();
  await window.dispatch("open https://example.org/connect?id=1 Connect your account\ndone connected", "Shift+Enter");
  const request = window.get("conversation").getByTestId("request");
  await request.getByText("Connect your account").waitFor();
  await expect.poll(() => request.getByTestId("need-page").textContent()).toContain("https://example.org/connect?id=1");
  await request.getByTestId("request-option-1").click();
  await window.get("conversation").getByText("connected", { exact: true }).waitFor();
  await window.close();
});
