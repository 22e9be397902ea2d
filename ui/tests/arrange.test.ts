/** How the board is arranged: grouping, rows placed by hand, headers. */
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();

const names = (window: Ui, group: string) =>
  window
    .get(group)
    .getByTestId("row")
    .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-name")));
const titles = (window: Ui) => window.page.locator("section > header .title").allTextContents();

test("Ctrl+S groups by directory and back, and a start remembers it", async () => {
  const window = await open();
  await window.select("flaky sync test");
  await window.press("Control+s");
  await expect.poll(() => titles(window)).toEqual(["Pinned", "~/code/atlas", "~/code/ledger", "~/code/site"]);
  await expect
    .poll(() => names(window, "group-directory:/home/ada/code/ledger"))
    .toEqual(["move sessions table", "map the importer"]);
  await window.page.reload();
  await expect.poll(() => titles(window)).toContain("~/code/site");
  await window.get("group-by-state").click();
  await expect.poll(() => titles(window)).toEqual(["Pinned", "Needs input", "Working", "Completed"]);
  await window.close();
});

test("Shift+arrows move a row within its group; its place outlives a reload but not its group", async () => {
  const window = await open();
  const first = ["tighten login limits", "move sessions table"];
  await window.select("move sessions table");
  await expect.poll(() => names(window, "group-needs-input")).toEqual(first);
  await window.press("Shift+ArrowUp", "Shift+ArrowUp");
  const moved = [...first].reverse();
  await expect.poll(() => names(window, "group-needs-input")).toEqual(moved);
  await window.page.reload();
  await expect.poll(() => names(window, "group-needs-input")).toEqual(moved);
  await window.select("move sessions table");
  await window.press("Space");
  await window.get("peek-down").click();
  await expect.poll(() => names(window, "group-needs-input")).toEqual(first);
  await window.get("peek-option-1").click();
  const stored = () => window.page.evaluate(() => localStorage.getItem("nightshift.places") ?? "");
  const id = (await window.row("move sessions table").getAttribute("data-session")) ?? "?";
  await expect.poll(stored).not.toContain(id);
  await window.close();
});

test("Enter on a header collapses its group, arrows go on from there", async () => {
  const window = await open();
  await window.get("row").first().waitFor();
  const header = window.get("group-toggle-working");
  await header.focus();
  await window.press("Enter");
  await expect.poll(() => header.getAttribute("aria-expanded")).toBe("false");
  await expect.poll(() => names(window, "group-working")).toEqual([]);
  await window.press("Enter");
  await expect.poll(() => header.getAttribute("aria-expanded")).toBe("true");
  await window.press("ArrowDown");
  const holder = () =>
    window.page.evaluate(() => document.activeElement?.closest("[data-name]")?.getAttribute("data-name"));
  await expect.poll(holder).toBe("map the importer");
  await header.focus();
  await window.press("ArrowUp");
  await expect.poll(holder).toBe("move sessions table");
  await window.close();
});
