/** The board: groups, keys, peek, pin, rename, stop and delete. */
import { expect, test } from "vitest";
import { useBrowser } from "./page";

const open = useBrowser();

test("sessions stand in their groups and icons keep state and liveness apart", async () => {
  const window = await open();
  await window.get("group-needs-input").locator("[data-testid=row]").first().waitFor();
  await expect.poll(() => window.get("group-needs-input").getByTestId("row").count()).toBe(2);
  await expect.poll(() => window.row("long migration").getAttribute("data-state")).toBe("working");
  await expect.poll(() => window.row("long migration").getAttribute("data-liveness")).toBe("unknown");
  await expect.poll(() => window.row("list every loose end").getAttribute("data-liveness")).toBe("alive");
  await expect.poll(() => window.page.title()).toBe("2 need input · Nightshift");
  await expect.poll(() => window.get("completed-more").textContent()).toContain("more");
  await window.close();
});

test("arrows move, Space peeks, the peek follows and a digit answers", async () => {
  const window = await open();
  await window.select("tighten login limits");
  await window.press("Space");
  await expect.poll(() => window.get("peek-question").textContent()).toBe("Run: cargo test -p auth");
  await window.press("ArrowDown");
  await expect.poll(() => window.get("peek-question").textContent()).toBe("Keep both tables during the move?");
  await window.press("ArrowUp");
  await expect.poll(() => window.get("peek-question").textContent()).toBe("Run: cargo test -p auth");
  await window.answerable();
  await window.press("1");
  await expect.poll(() => window.row("tighten login limits").getAttribute("data-group")).toBe("working");
  await expect.poll(() => window.page.title()).toBe("1 needs input · Nightshift");
  await window.close();
});

test("a peek at the lower end scrolls itself into view", async () => {
  const window = await open({ width: 1180, height: 700 });
  await window.select("npm test");
  await window.press("Space");
  const board = await window.get("board").boundingBox();
  const lowest = async () => {
    const box = await window.get("peek").boundingBox();
    return (box?.y ?? 0) + (box?.height ?? 0);
  };
  await expect.poll(lowest).toBeLessThanOrEqual((board?.y ?? 0) + (board?.height ?? 0));
  await window.close();
});

test("a question takes an answer in one's own words, and why is explained", async () => {
  const window = await open();
  await window.select("move sessions table");
  await window.press("Space");
  await window.get("peek-why").click();
  await window.get("why").getByText("dispatched").waitFor();
  await window.answerable();
  await window.get("peek-reply").fill("Keep both");
  await window.press("Enter");
  await expect.poll(() => window.row("move sessions table").getAttribute("data-state")).toBe("working");
  await window.close();
});

test("pin, rename, stop and delete by keys", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.press("Control+t");
  await expect.poll(() => window.row("flaky sync test").getAttribute("data-group")).toBe("pinned");
  await window.press("Control+r");
  await window.get("rename-input").fill("steady sync test");
  await window.press("Enter");
  await window.row("steady sync test").waitFor();
  await window.press("Control+x");
  await expect.poll(() => window.row("steady sync test").getAttribute("data-state")).toBe("stopped");
  await window.get("row-delete").waitFor();
  await window.press("Control+x");
  await window.get("confirm-removal-discard").click();
  await window.row("steady sync test").waitFor({ state: "detached" });
  await window.close();
});

test("each verb of a row is a button too", async () => {
  const window = await open();
  const row = window.row("flaky sync test");
  await row.hover();
  await row.getByTestId("row-pin").click();
  await expect.poll(() => row.getAttribute("data-group")).toBe("pinned");
  await row.hover();
  await row.getByTestId("row-peek").click();
  await window.get("peek").waitFor();
  await row.getByTestId("row-open").click();
  await window.get("pane").waitFor();
  await window.close();
});

test("groups collapse and stay so after a reload", async () => {
  const window = await open();
  await window.get("group-toggle-completed").click();
  await window.row("npm test").waitFor({ state: "detached" });
  await window.page.reload();
  await window.get("group-working").waitFor();
  expect(await window.row("npm test").count()).toBe(0);
  await window.close();
});

test("an unreachable supervisor is said and the board stays; then it comes back", async () => {
  const window = await open();
  await window.row("flaky sync test").waitFor();
  await window.page.evaluate(() => self.__fake?.setReachable(false));
  await window.get("banner").waitFor();
  await expect.poll(() => window.row("flaky sync test").count()).toBe(1);
  await window.page.evaluate(() => self.__fake?.setReachable(true));
  await window.get("banner").waitFor({ state: "detached" });
  await window.close();
});

test("a thousand sessions render only what is near and the last one is reached", async () => {
  const window = await open({ mode: "many" });
  await window.get("row").first().waitFor();
  expect(await window.get("row").count()).toBeLessThan(200);
  await window.press("End");
  await expect.poll(() => window.row("session 999").count()).toBe(1);
  await expect
    .poll(() => window.page.evaluate(() => document.activeElement?.closest("[data-name]")?.getAttribute("data-name")))
    .toBe("session 999");
  await window.close();
});

test("hostile names and results stay text", async () => {
  const window = await open({ mode: "hostile" });
  const rows = window.get("row");
  await rows.first().waitFor();
  for (let index = 0; index < (await rows.count()); index += 1) {
    await rows.nth(index).locator("[data-row-main]").click();
    // The peek moves along with the selection once it is open.
    if (index === 0) await window.press("Space");
    await window.get("peek-result").waitFor();
    expect(await window.get("peek").locator("img, iframe, script, svg[onload]").count()).toBe(0);
    expect(await window.get("peek").locator("a").count()).toBe(0);
  }
  expect(await window.page.evaluate(() => "__pwned" in self)).toBe(false);
  await window.close();
});

test("palette and key sheet open, find and close", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.press("?");
  const sheet = await window.get("key-sheet").boundingBox();
  for (const heading of await window.get("key-sheet").locator("h3").all()) {
    const box = await heading.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThan((sheet?.x ?? 0) + (sheet?.width ?? 0));
  }
  await window.press("Escape", "Control+k");
  await window.get("palette-input").fill("open list every");
  await expect.poll(() => window.get("palette-entry").first().textContent()).toContain("Completed · ~/code/atlas");
  await window.press("Enter");
  await window.get("conversation").waitFor();
  await window.close();
});

test("a peek lists what runs in the background and ends it", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.press("Space");
  await expect.poll(() => window.get("peek-location").textContent()).toBe("~/code/atlas · worktree-flaky-sync-test");
  await expect.poll(() => window.get("peek-stray").textContent()).toContain("Cargo.lock");
  await window.get("peek-background").click();
  await expect.poll(() => window.get("task").count()).toBe(2);
  await expect.poll(() => window.get("background").textContent()).toContain("pid 5150 · 41.3 s · 209 MB");
  await expect.poll(() => window.get("background").textContent()).toContain("run 17 of 50 passed");
  await window.get("task-stop").click();
  await expect.poll(() => window.get("task").count()).toBe(1);
  await window.close();
});

test("a usage limit says when it ends and the session can go on by itself then", async () => {
  const window = await open();
  await window.select("translate the manual");
  await expect.poll(() => window.row("translate the manual").textContent()).toContain("resets in 4");
  await window.press("Space");
  await window.get("peek-continue").click();
  await expect.poll(() => window.get("peek-limit").textContent()).toContain("continues in 4");
  await window.get("peek-continue").click();
  await expect.poll(() => window.get("peek-limit").textContent()).not.toContain("continues in");
  await window.close();
});

test("a deleted session can be taken back for a moment", async () => {
  const window = await open();
  await window.select("rename the crate");
  await window.press("Control+x", "Control+x");
  await window.row("rename the crate").waitFor({ state: "detached" });
  await expect.poll(() => window.get("undo").textContent()).toContain("rename the crate");
  await window.get("undo-delete").click();
  await window.row("rename the crate").waitFor();
  await window.select("rename the crate");
  await window.press("Control+x", "Control+x");
  await window.row("rename the crate").waitFor({ state: "detached" });
  await window.press("Control+z");
  await window.row("rename the crate").waitFor();
  expect(await window.get("undo").count()).toBe(0);
  await window.close();
});

test("Tab in the peek offers the likely reply, which can be edited", async () => {
  const window = await open();
  await window.select("move sessions table");
  await window.press("Space", "Tab");
  const reply = window.get("peek-reply");
  await expect.poll(() => reply.inputValue()).toBe("Keep both for one release");
  await window.page.keyboard.type(", then drop");
  await window.answerable();
  await window.press("Enter");
  await expect.poll(() => window.row("move sessions table").getAttribute("data-state")).toBe("working");
  await window.select("tighten login limits");
  await window.press("Tab");
  await expect.poll(() => reply.inputValue()).toBe("");
  await window.close();
});

test("why a row is in its state is told with time and source, and follows the selection", async () => {
  const window = await open();
  await window.select("rename the crate");
  await window.press("Control+y");
  await expect.poll(() => window.get("why-now").textContent()).toMatch(/Stopped since .*\d\d:\d\d:\d\d, 3h/);
  await expect.poll(() => window.get("why").textContent()).toContain("The process exited");
  await expect.poll(() => window.get("why-entry").count()).toBe(3);
  await window.press("ArrowUp");
  await expect.poll(() => window.get("why-now").textContent()).toContain("Completed");
  await window.press("Control+y");
  expect(await window.get("why").count()).toBe(0);
  await window.close();
});

test("a row is pulled over another one of its group and stays there", async () => {
  const window = await open();
  const order = () =>
    window
      .get("group-working")
      .getByTestId("row")
      .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-name")));
  const before = await order();
  const from = await window.row(before[0] ?? "").boundingBox();
  const to = await window.row(before[2] ?? "").boundingBox();
  if (!from || !to) throw new Error("rows are not shown");
  await window.page.mouse.move(from.x + 80, from.y + 10);
  await window.page.mouse.down();
  await window.page.mouse.move(from.x + 80, from.y + 30, { steps: 3 });
  await window.page.mouse.move(to.x + 80, to.y + 20, { steps: 8 });
  await window.page.mouse.up();
  await expect.poll(() => order()).toEqual([before[1], before[2], before[0], before[3]]);
  await window.close();
});

test("without a supervisor the window says what that means and tries again", async () => {
  const window = await open({ mode: "down" });
  await window.get("disconnected").waitFor();
  await window.page.evaluate(() => self.__fake?.setReachable(true));
  await window.row("npm test").waitFor();
  expect(await window.get("disconnected").count()).toBe(0);
  await window.close();
});
