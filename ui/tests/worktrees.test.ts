/** All worktrees: sizes as they come, forgotten ones cleaned in one, removals that list and can be undone. */
import { expect, test } from "vitest";
import { seriousFaults, useBrowser, type Options, type Ui } from "./page";

const open = useBrowser();

async function worktrees(options: Options = {}): Promise<Ui> {
  const window = await open(options);
  await window.select("flaky sync test");
  await window.press("Alt+w");
  await window.get("worktrees").waitFor();
  return window;
}

const tree = (window: Ui, name: string) => window.page.locator(`[data-testid=worktree][data-path$="/${name}"]`);
const sizes = (window: Ui) => window.get("worktree-size").allTextContents();

test("the list is there at once and sizes fill in", async () => {
  const window = await worktrees({ speed: 0.4 });
  await expect.poll(() => window.get("worktree").count()).toBe(5);
  expect(await sizes(window)).toContain("…");
  await expect.poll(async () => (await sizes(window)).includes("…")).toBe(false);
  expect((await sizes(window)).sort()).toEqual(["1.4 GiB", "398 MiB", "402 MiB", "412 MiB", "88.0 MiB"]);
  await expect
    .poll(() => tree(window, "flaky-sync-test").getByTestId("worktree-session").textContent())
    .toBe("flaky sync test");
  await expect
    .poll(() => tree(window, "site-hotfix").getByTestId("worktree-state").textContent())
    .toBe("created by another program");
  await expect.poll(() => window.get("worktrees-total").textContent()).toContain("6 worktrees · 3.0 GiB");
  expect(await seriousFaults(window)).toEqual([]);
  await window.press("Escape");
  await expect.poll(() => window.get("worktrees").count()).toBe(0);
  await window.close();
});

test("forgotten worktrees go in one, and only those in which nothing would be lost", async () => {
  const window = await worktrees();
  const clean = window.get("worktrees-clean");
  await clean.getByText("Clean up 1 forgotten").waitFor();
  await clean.click();
  await expect.poll(() => window.get("worktrees-message").textContent()).toContain("1 worktree was removed; 2 kept");
  await expect.poll(() => tree(window, "split-the-importer").count()).toBe(0);
  await expect.poll(() => tree(window, "faster-joins").count()).toBe(1);
  await expect.poll(() => window.get("worktree-removed").count()).toBe(2);
  await window.close();
});

test("what would be lost is listed before it goes, and it comes back", async () => {
  const window = await worktrees();
  const dirty = tree(window, "try-another-cache");
  await dirty.getByText("2 uncommitted changes").waitFor();
  await dirty.focus();
  await window.press("Delete");
  const asked = dirty.getByTestId("worktree-asked");
  await asked.getByText("src/cache.rs").waitFor();
  await window.get("worktree-keep").click();
  expect(await asked.count()).toBe(0);
  await dirty.hover();
  await dirty.getByTestId("worktree-remove").click();
  await window.get("worktree-discard").click();
  await expect.poll(() => dirty.count()).toBe(0);
  await window.get("worktrees-undo").click();
  await expect.poll(() => dirty.count()).toBe(1);
  await expect.poll(() => window.get("worktrees-message").textContent()).toContain("was restored");

  const unpushed = tree(window, "faster-joins");
  await unpushed.getByTestId("worktree-remove").click();
  await unpushed.getByText("2 commits exist nowhere else").waitFor();
  await window.get("worktree-discard").click();
  await expect.poll(() => unpushed.count()).toBe(0);
  await window.get("worktrees-undo").click();
  await expect.poll(() => unpushed.count()).toBe(1);
  await window.get("worktree-removed").first().getByTestId("worktree-undo").click();
  await expect.poll(() => window.get("worktree-removed").count()).toBe(0);
  await window.close();
});

test("arrows go through the list and Enter opens the session", async () => {
  const window = await worktrees();
  await tree(window, "flaky-sync-test").waitFor();
  await window.press("ArrowDown", "ArrowDown", "ArrowUp");
  const first = await window.page.evaluate(() => document.activeElement?.getAttribute("data-path"));
  expect(first).toBe("/home/ada/code/atlas/.claude/worktrees/flaky-sync-test");
  await window.press("Enter");
  await window.get("conversation").waitFor();
  await window.close();
});

test("without worktrees it says what will appear", async () => {
  const window = await open({ mode: "many" });
  await window.get("open-worktrees").click();
  await window.get("worktrees").getByText("No worktrees yet").waitFor();
  await window.close();
});

test("pull requests are on the row, in a group of their own, in the filter and in the peek", async () => {
  const window = await open({ mode: "pulls" });
  const row = window.row("cache the price list");
  await expect.poll(() => row.getAttribute("data-group")).toBe("ready");
  await expect.poll(() => row.getByTestId("row-pull").textContent()).toContain("#128");
  await expect.poll(() => row.getByTestId("row-branch").textContent()).toBe("cache-the-price-list");
  await expect.poll(() => window.row("try the new parser").getAttribute("data-group")).toBe("completed");
  await window.select("cache the price list");
  await window.press("Space");
  await expect.poll(() => window.get("peek-pull").textContent()).toMatch(/ada\/site#128\s+open for/);
  await window.press("Escape", "/");
  await window.page.keyboard.type("#12");
  await expect.poll(() => window.get("row").count()).toBe(2);
  await window.close();
});

test("deleting a session lists what is not committed, and the worktree comes back afterwards", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.press("Control+x", "Control+x");
  const dialog = window.get("confirm-removal");
  await dialog.getByText("2 files are not committed").waitFor();
  await dialog.getByText("tests/sync.rs").waitFor();
  await window.press("Escape");
  await expect.poll(() => dialog.count()).toBe(0);
  await expect.poll(() => window.row("flaky sync test").count()).toBe(1);
  await window.select("flaky sync test");
  await window.press("Control+x", "Control+x");
  await window.get("confirm-removal-discard").click();
  await expect.poll(() => window.row("flaky sync test").count()).toBe(0);
  // The row comes back for a moment, the worktree for 30 days.
  await window.get("undo-delete").click();
  await expect.poll(() => window.row("flaky sync test").count()).toBe(1);
  await window.close();
});
