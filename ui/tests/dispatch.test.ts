/** The dispatch input and the first page. */
import { expect, test } from "vitest";
import { useBrowser } from "./page";

const open = useBrowser();

test("Enter starts an agent session, which asks, is answered and completes", async () => {
  const window = await open();
  await window.dispatch("say Hello\nask Which one? | red | blue\ndone All well");
  const row = window.get("group-needs-input").locator("[data-testid=row]").first();
  await expect.poll(() => row.textContent()).toContain("Which one?");
  await row.locator("[data-row-main]").click();
  await window.press("Space");
  await window.get("peek-option-2").click();
  await expect.poll(() => window.get("peek").textContent()).toContain("All well");
  expect(await window.get("dispatch-input").inputValue()).toBe("");
  await window.close();
});

test("too short is said and the text stays; a short shell command is fine", async () => {
  const window = await open();
  await window.dispatch("abc");
  expect(await window.get("dispatch-error").textContent()).toContain("too short");
  expect(await window.get("dispatch-input").inputValue()).toBe("abc");
  await window.dispatch("! ls");
  await window.row("ls").waitFor();
  expect(await window.get("dispatch-error").count()).toBe(0);
  await window.close();
});

test("a refused dispatch shows message and hint and loses nothing", async () => {
  const window = await open();
  await window.get("dispatch-cwd").fill("/missing");
  await window.press("Enter");
  await window.dispatch("a prompt that must survive");
  const error = await window.get("dispatch-error").textContent();
  expect(error).toContain("/missing does not exist");
  expect(error).toContain("create it");
  expect(await window.get("dispatch-input").inputValue()).toBe("a prompt that must survive");
  await window.close();
});

test("a draft survives a reload and ↑ brings back earlier prompts", async () => {
  const window = await open();
  await window.dispatch("! echo first");
  await window.row("echo first").waitFor();
  await window.press("ArrowUp");
  expect(await window.get("dispatch-input").inputValue()).toBe("! echo first");
  await window.get("dispatch-input").fill("half a thought");
  await expect.poll(() => window.page.evaluate(() => localStorage.getItem("nightshift.draft"))).toContain("half");
  await window.page.reload();
  await expect.poll(() => window.get("dispatch-input").inputValue()).toBe("half a thought");
  await window.close();
});

test("a letter typed on the board goes to the input", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.page.keyboard.type("!ls");
  expect(await window.get("dispatch-input").inputValue()).toBe("!ls");
  await window.close();
});

test("the agent and its permission mode are chosen under the input", async () => {
  const window = await open();
  await window.get("dispatch-agent").click();
  await window.page.getByRole("menuitemradio", { name: /Codex/ }).click();
  expect(await window.get("dispatch-mode").textContent()).toContain("ask");
  await window.get("dispatch-mode").click();
  await window.press("ArrowDown", "Enter");
  expect(await window.get("dispatch-mode").textContent()).toContain("auto");
  await window.close();
});

test("the first page lists the agents and the rehearsal fills the input", async () => {
  const window = await open({ mode: "empty" });
  await window.get("first-run").waitFor();
  await expect.poll(() => window.get("agent").count()).toBeGreaterThan(3);
  await window.get("try-rehearsal").click();
  expect(await window.get("dispatch-input").inputValue()).toContain("ask Which way");
  expect(await window.get("dispatch-agent").textContent()).toContain("Rehearsal");
  await window.press("Enter");
  await window.get("board").waitFor();
  await window.get("group-needs-input").locator("[data-testid=row]").waitFor();
  await window.close();
});
