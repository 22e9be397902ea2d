/** Verbs on several rows at once. */
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();

const checked = (window: Ui) =>
  window.page
    .locator("[data-testid=row]:has([role=checkbox][aria-checked=true])")
    .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-name")));

test("x, Ctrl+click and Shift+click select; Esc selects none and leaves the filter alone", async () => {
  const window = await open();
  await window.get("filter-input").fill("s:working|done");
  await window.select("map the importer");
  await window.press("x");
  await window
    .row("cargo watch -x check")
    .locator("[data-row-main]")
    .click({ modifiers: ["Shift"] });
  await expect.poll(() => checked(window)).toEqual(["map the importer", "flaky sync test", "cargo watch -x check"]);
  await window
    .row("flaky sync test")
    .locator("[data-row-main]")
    .click({ modifiers: ["Control"] });
  await expect.poll(() => window.get("multi-select-count").textContent()).toBe("2 selected");
  await window.press("Escape");
  await expect.poll(() => checked(window)).toEqual([]);
  expect(await window.get("multi-select").count()).toBe(0);
  await expect.poll(() => window.get("filter-input").inputValue()).toBe("s:working|done");
  await window.close();
});

test("Ctrl+X stops all selected, and again within two seconds deletes them", async () => {
  const window = await open();
  await window.row("flaky sync test").hover();
  await window.row("flaky sync test").getByTestId("row-checkbox").click();
  await window
    .row("npm test")
    .locator("[data-row-main]")
    .click({ modifiers: ["Control"] });
  await expect.poll(() => window.get("multi-select-stop").textContent()).toContain("Stop 1");
  await window.press("Control+x");
  await expect.poll(() => window.row("flaky sync test").getAttribute("data-state")).toBe("stopped");
  await expect.poll(() => window.row("npm test").count()).toBe(1);
  await expect.poll(() => window.get("multi-select-stop").textContent()).toContain("Delete 2 now");
  await window.press("Control+x");
  await window.get("confirm-removal-discard").click();
  await window.row("flaky sync test").waitFor({ state: "detached" });
  await window.row("npm test").waitFor({ state: "detached" });
  await window.get("multi-select").waitFor({ state: "detached" });
  await expect.poll(() => window.row("rename the crate").count()).toBe(1);
  await window.close();
});

test("one reply goes to all selected agents: an answer where a question is open, else a prompt", async () => {
  const window = await open();
  await window.get("filter-input").fill("d:ledger");
  await window.press("Enter", "Control+a", "r");
  await window.page.keyboard.type("Keep both");
  await expect.poll(() => window.get("multi-select-send").textContent()).toBe("Send to 2");
  await window.press("Enter");
  await expect.poll(() => window.row("move sessions table").getAttribute("data-state")).toBe("working");
  await window.get("multi-select-reply-input").waitFor({ state: "detached" });
  await window.press("Escape");
  await window.close();
});

test("Ctrl+X in a pane is about its own session, whatever is selected on the board", async () => {
  const window = await open();
  await window
    .row("npm test")
    .locator("[data-row-main]")
    .click({ modifiers: ["Control"] });
  await window.row("flaky sync test").locator("[data-row-main]").dblclick();
  await window.get("pane-pin").focus();
  await window.press("Control+x");
  await expect.poll(() => window.row("flaky sync test").getAttribute("data-state")).toBe("stopped");
  await window.press("Control+x");
  await window.get("confirm-removal-discard").click();
  await window.row("flaky sync test").waitFor({ state: "detached" });
  await expect.poll(() => window.row("npm test").count()).toBe(1);
  await window.close();
});
