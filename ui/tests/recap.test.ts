/** Coming back to a conversation, and finding something in it. */
import { expect, test } from "vitest";
import { useBrowser } from "./page";

const open = useBrowser();

test("a conversation that moved says since when and what, counted from its items", async () => {
  const window = await open();
  await window.dispatch("say one\nwait 8\ntool build\ntool test\nread a.rs\nrun true\ndone All well", "Shift+Enter");
  await window.get("conversation").getByText("one", { exact: true }).waitFor();
  await window.get("pane-close").click();
  await window.get("group-needs-input").getByTestId("row").nth(2).waitFor();
  await window.press("Enter");
  await expect.poll(() => window.get("recap").textContent()).toContain("Since your last visit, a moment ago");
  await expect.poll(() => window.get("recap-summary").textContent()).toBe("3 tools · 1 question open");
  await window.get("pane-close").click();
  await window.press("Space");
  await window.answerable();
  await window.press("1");
  await window.get("peek-result").getByText("All well").waitFor();
  await window.press("Enter");
  await expect.poll(() => window.get("recap-summary").textContent()).toBe("1 tool · 1 question answered · result");
  await window.get("pane-close").click();
  await window.press("Enter");
  await window.get("conversation").getByText("All well", { exact: true }).waitFor();
  expect(await window.get("recap").count()).toBe(0);
  await window.close();
});

test("a visit is remembered over a start and its age is said", async () => {
  const window = await open();
  const row = window.row("list every loose end");
  const id = await row.getAttribute("data-session");
  await window.page.evaluate((session) => {
    const visit = { at: Date.now() - 45 * 60_000, open: [] };
    localStorage.setItem("nightshift.visits", JSON.stringify({ [String(session)]: visit }));
  }, id);
  await window.page.reload();
  await row.locator("[data-row-main]").dblclick();
  await window.get("recap").getByText("Since your last visit, 45 min ago").waitFor();
  await expect.poll(() => window.get("recap-summary").textContent()).toBe("result");
  await window.close();
});

test("a recap above what is in view is offered as a jump, until it was seen", async () => {
  const window = await open();
  const long = Array.from({ length: 60 }, (_, index) => `line ${index}`).join("\\n\\n");
  await window.dispatch(`say one\nwait 8\nsay ${long}\ndone All well`, "Shift+Enter");
  await window.get("conversation").getByText("one", { exact: true }).waitFor();
  await window.get("pane-close").click();
  await window.get("group-completed").locator("[data-testid=row][data-name=one]").waitFor();
  await window.press("Enter");
  await window.get("recap-jump").click();
  await window.get("recap-jump").waitFor({ state: "detached" });
  const line = await window.get("recap").boundingBox();
  const pane = await window.get("conversation").boundingBox();
  expect(line?.y ?? 0).toBeGreaterThanOrEqual(pane?.y ?? 1);
  await window.close();
});

test("Ctrl+F finds in the conversation, also what is folded away, and Esc gives the keyboard back", async () => {
  const window = await open();
  await window.row("list every loose end").locator("[data-row-main]").dblclick();
  await window.get("composer").fill("a draft");
  await window.press("Control+f");
  await window.page.keyboard.type("LAYOUT first");
  const note = () => window.get("conversation-find-note").textContent();
  await window.get("conversation").locator(".thought-text").waitFor();
  await expect.poll(note).toBe("1 of 1");
  await window.get("conversation-find").fill("src");
  await expect.poll(note).toBe("1 of 3");
  await window.press("Enter", "Enter", "Enter", "Shift+Enter");
  await expect.poll(note).toBe("3 of 3");
  // A match may run over several pieces of styled text.
  await window.get("conversation-find").fill("Three of the eleven");
  await expect.poll(note).toBe("1 of 1");
  await window.get("conversation-find").fill("no such thing");
  await expect.poll(note).toBe("none");
  await window.press("Escape");
  await window.get("conversation-find").waitFor({ state: "detached" });
  await window.page.keyboard.type("!");
  await expect.poll(() => window.get("composer").inputValue()).toBe("a draft!");
  await window.close();
});
