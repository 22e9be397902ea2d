/** The filter of the board. */
import { expect, test } from "vitest";
import { useBrowser } from "./page";

const open = useBrowser();

const names = (window: Awaited<ReturnType<typeof open>>) =>
  window.get("row").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-name")));

test("/ focuses the filter, it narrows while typing, says the count, and Esc clears then leaves", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.press("/");
  await window.page.keyboard.type("s:blocked");
  await expect.poll(() => names(window)).toEqual(["tighten login limits", "move sessions table"]);
  await expect.poll(async () => (await window.get("filter-count").textContent())?.trim()).toMatch(/^2 of \d+$/);
  await window.press("ArrowDown", "Enter", "Space");
  await expect.poll(() => window.get("peek-question").textContent()).toBe("Keep both tables during the move?");
  await window.press("Escape", "Control+f");
  await window.page.keyboard.type("s:done|failed|stopped d:site");
  await expect.poll(() => names(window)).toEqual(["npm run lint"]);
  await window.press("Escape");
  await expect.poll(() => window.get("filter-input").inputValue()).toBe("");
  await window.row("flaky sync test").waitFor();
  await window.press("Escape");
  await expect.poll(() => window.page.evaluate(() => document.activeElement?.hasAttribute("data-row-main"))).toBe(true);
  await window.close();
});

test("in a narrow window / takes the keyboard from the board, and from the board over a pane", async () => {
  const window = await open({ width: 720 });
  const focused = () => window.page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
  await window.select("flaky sync test");
  await window.press("/");
  await expect.poll(focused).toBe("filter-input");
  await window.page.keyboard.type("npm test");
  await window.press("Enter");
  await expect.poll(() => names(window)).toEqual(["npm test"]);
  await window.press("Enter");
  await window.get("terminal").waitFor();
  await window.get("pane-to-board").click();
  await window.row("npm test").waitFor();
  await window.press("/");
  await expect.poll(focused).toBe("filter-input");
  await window.page.keyboard.type("s:blocked");
  await expect.poll(() => names(window)).toEqual(["tighten login limits", "move sessions table"]);
  await window.close();
});

test("the filter finds in folded and collapsed groups, and leaves them as they were", async () => {
  const window = await open();
  await window.get("group-toggle-completed").click();
  await window.get("filter-input").fill("sort imports");
  await window.row("sort imports").waitFor();
  await window.get("filter-clear").click();
  await window.row("sort imports").waitFor({ state: "detached" });
  await expect.poll(() => window.get("group-toggle-completed").getAttribute("aria-expanded")).toBe("false");
  await window.close();
});

test("nothing found says so and shows the way out; a new session is never hidden", async () => {
  const window = await open();
  await window.get("filter-input").fill("no such thing");
  await expect.poll(() => window.get("filter-empty").textContent()).toContain("no such thing");
  await window.get("filter-example").getByText("a:claude").click();
  await window.row("flaky sync test").waitFor();
  expect(await window.row("move sessions table").count()).toBe(0);
  await window.get("filter-input").fill("s:stopped");
  await window.dispatch("! echo hello");
  await window.row("echo hello").waitFor();
  await expect.poll(() => window.get("filter-input").inputValue()).toBe("");
  await window.close();
});

test("a filtered row that is answered hands the selection to the next one", async () => {
  const window = await open();
  await window.get("filter-input").fill("s:blocked");
  await window.press("Enter", "Space");
  await window.answerable();
  await window.press("1");
  await expect.poll(() => names(window)).toEqual(["move sessions table"]);
  await expect.poll(() => window.get("peek-question").textContent()).toBe("Keep both tables during the move?");
  await window.close();
});
