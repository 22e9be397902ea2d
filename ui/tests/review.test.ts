/** Review: files, lines, comments, commits and what can be taken back. */
import { expect, test } from "vitest";
import { useBrowser, type Options, type Ui } from "./page";

const open = useBrowser();

async function review(name: string, options: Options = {}): Promise<Ui> {
  const window = await open(options);
  await window.select(name);
  await window.press("Control+d");
  await window.get("review").waitFor();
  return window;
}

const path = (window: Ui) =>
  window.page.locator("[data-testid=review-file][aria-selected=true]").getAttribute("data-path");
const scrollTop = (window: Ui) => window.get("review-diff").evaluate((node) => node.scrollTop);

test("files are gone through by keys, each shown as what it is", async () => {
  const window = await review("flaky sync test");
  await expect.poll(() => window.get("review-file").count()).toBe(9);
  await expect
    .poll(() => window.get("review-summary").textContent())
    .toMatch(/tighten-login-limits.*from main.*9 files.*3 behind/);
  await window.get("review-diff").getByText("saturating_sub").waitFor();
  await expect.poll(() => window.page.locator(".changed").first().textContent()).toBe(" - used");
  await window.press("End");
  await window.press("j", "ArrowDown");
  await expect.poll(() => path(window)).toBe("assets/logo.png");
  await expect.poll(() => window.get("review-pictures").locator("img").count()).toBe(2);
  await window.press("j");
  await window.get("review-note").getByText("a binary file").waitFor();
  await window.press("j");
  await window.get("review-note").getByText("renamed, not changed").waitFor();
  await window.press("k", "k", "k", "k", "k");
  await expect.poll(() => path(window)).toBe("src/auth/limits.rs");
  await window.press("Escape");
  await window.get("conversation").waitFor();
  await window.close();
});

test("fifty thousand lines are there and few are rendered, in both layouts", async () => {
  const window = await review("flaky sync test");
  await window.page.locator("[data-path='migrations/0007-towns.sql']").click();
  const diff = window.get("review-diff");
  await expect.poll(() => diff.getAttribute("data-rows")).toBe("50001");
  const lines = () => diff.getByTestId("review-line").count();
  for (const layout of ["unified", "split"]) {
    await window.get(`review-layout-${layout}`).click();
    await diff.evaluate((node) => node.scrollTo(0, node.scrollHeight));
    await diff.getByText("'town 50000'").waitFor();
    expect(await lines()).toBeLessThan(160);
    await diff.evaluate((node) => node.scrollTo(0, node.scrollHeight / 2));
    await expect.poll(() => diff.locator("[data-line='25000']").count()).toBe(1);
  }
  await window.close();
});

test("lines and changes are reached by keys", async () => {
  const window = await review("flaky sync test");
  await window.page.locator("[data-path='migrations/0007-towns.sql']").click();
  const diff = window.get("review-diff");
  await expect.poll(() => diff.getAttribute("data-rows")).toBe("50001");
  await diff.focus();
  for (let at = 0; at < 60; at += 1) await window.press("j");
  await expect.poll(() => scrollTop(window)).toBeGreaterThan(100);
  await expect.poll(() => diff.locator(".at").getByTestId("review-line").getAttribute("data-line")).toBe("60");
  await window.press("k");
  await expect.poll(() => diff.locator(".at").getByTestId("review-line").getAttribute("data-line")).toBe("59");
  await window.close();
});

test("comments are gathered, survive leaving, and are sent to the agent as one message", async () => {
  const window = await review("list every loose end");
  await window.get("review-diff").waitFor();
  await window.press("n", "c");
  await window.page.keyboard.type("why not checked?");
  await window.press("Control+Enter");
  await window.get("review-card").getByText("why not checked?").waitFor();
  await window.page.locator("[data-line='19']").first().click();
  await window.get("review-comment").fill("name the unit");
  await window.get("review-comment-keep").click();
  await expect.poll(() => window.get("review-card").count()).toBe(2);
  await window.press("c", "Escape");
  expect(await window.get("review-comment").count()).toBe(0);
  await window.get("review-close").click();
  await window.press("Control+d");
  await expect.poll(() => window.get("review-card").count()).toBe(2);
  await expect.poll(() => window.get("review-comments").textContent()).toContain("2 comments");
  await window.get("review-send").click();
  await window.get("review-outcome").getByText("2 comments sent").waitFor();
  expect(await window.get("review-comments").count()).toBe(0);
  await window.get("review-close").click();
  const said = window.get("conversation").getByText("2 comments on your changes:");
  await expect.poll(() => said.count()).toBe(1);
  const text = await said.first().textContent();
  expect(text).toContain("src/auth/limits.rs:15");
  expect(text).toContain("> MAX_ATTEMPTS - used");
  expect(text).toContain("name the unit");
  await window.close();
});

test("files are staged, committed, and what was refused says why", async () => {
  const window = await review("flaky sync test");
  const staging = (file: string) =>
    window.page.locator(`[data-path='${file}'] [data-staging]`).getAttribute("data-staging");
  await window.get("review-diff").waitFor();
  await window.press("a");
  await expect.poll(() => staging("src/auth/limits.rs")).toBe("staged");
  await expect.poll(() => window.get("review-commit").textContent()).toContain("Commit 3 staged");
  await window.get("review-stage").click();
  await expect.poll(() => staging("src/auth/limits.rs")).toBe("unstaged");
  await expect.poll(() => window.get("review-message").inputValue()).toContain("flaky sync test");
  await window.get("review-merge").click();
  await expect.poll(() => window.get("review-refused").textContent()).toContain("commit or discard them first");
  await window.press("m");
  await window.get("review-message").fill("hook says no");
  await window.press("Control+Enter");
  await expect.poll(() => window.get("review-refused").textContent()).toContain("format the code first");
  await expect.poll(() => window.get("review-message").inputValue()).toBe("hook says no");
  await window.get("review-message").fill("count attempts");
  await window.get("review-commit").click();
  await window.get("review-outcome").getByText("count attempts").waitFor();
  await window.get("review-commit").click();
  await window.get("review-discard-all").waitFor({ state: "detached" });
  await window.get("review-merge").click();
  await window.get("review-outcome").getByText("Conflicts with main").waitFor();
  await window.get("review-ask").click();
  await window.get("review-outcome").getByText("The agent was asked").waitFor();
  await window.close();
});

test("a discard is taken back", async () => {
  const window = await review("flaky sync test");
  await window.get("review-discard").click();
  await window.get("review-outcome").getByText("Discarded 1 file").waitFor();
  await expect.poll(() => window.get("review-file").count()).toBe(8);
  await window.get("review-undo").click();
  await expect.poll(() => window.get("review-file").count()).toBe(9);
  await window.get("review-discard-all").click();
  await window.get("review-outcome").getByText("Discarded 6 files").waitFor();
  await window.close();
});

test("nothing changed, and what cannot be read, are said in words", async () => {
  const empty = await review("rename the crate");
  await empty.get("review-empty").getByText("No changes since main").waitFor();
  await empty.close();
  const faulty = await review("draft the changelog");
  await faulty.get("review-fault").getByText("not in a checkout").waitFor();
  await faulty.get("pane-review").click();
  await faulty.get("conversation").waitFor();
  await faulty.close();
});

test("hostile names and lines are text", async () => {
  const window = await review("flaky sync test");
  await window.get("review-diff").waitFor();
  await window.page.locator("[data-path^='tests/<img']").click();
  await window.get("review-diff").getByText("⟨U+202E⟩").waitFor();
  expect(await window.page.evaluate(() => "__pwned" in self)).toBe(false);
  await window.close();
});
