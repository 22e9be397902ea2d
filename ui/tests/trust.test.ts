/** The question whether a repository is trusted: whole, where the session is looked at, and the row that works without. */
import { expect, test } from "vitest";
import { seriousFaults, useBrowser } from "./page";

const open = useBrowser();

test("security_05 the question stands in its pane, is read whole and answered by a digit", async () => {
  const window = await open({ mode: "trust" });
  await window.row("sort the backlog").locator("[data-row-main]").dblclick();
  const card = window.get("request");
  await expect.poll(() => card.textContent()).toContain("Trust /home/ada/code/tracker?");
  expect(await window.get("need-detail").textContent()).toContain("npx prisma generate");
  expect(await window.get("conversation").textContent()).not.toContain("No messages yet");
  expect(await seriousFaults(window)).toEqual([]);
  // All of it can be read with the keyboard.
  await window.get("need-detail").focus();
  await window.press("End");
  await expect
    .poll(() =>
      window.get("need-detail").evaluate((text) => text.scrollHeight - text.clientHeight - text.scrollTop < 2),
    )
    .toBe(true);
  await card.focus();
  await window.answerable();
  await window.press("2");
  await expect.poll(() => window.row("sort the backlog").getAttribute("data-state")).toBe("working");
  await window.close();
});

test("security_05 what is not shown whole keeps its numbers and is trusted elsewhere", async () => {
  const window = await open({ mode: "trust" });
  await window.row("bump the toolchain").locator("[data-row-main]").dblclick();
  await window.answerable();
  expect(await window.get("request-option-1").isDisabled()).toBe(true);
  expect(await window.get("request-option-2").textContent()).toContain("2");
  expect(await window.get("request-option-missing").textContent()).toContain("nightshift trust add");
  await window.get("request").focus();
  await window.press("1");
  expect(await window.row("bump the toolchain").getAttribute("data-state")).toBe("needs_input");
  await window.close();
});

test("a session without trust says so in its row", async () => {
  const window = await open({ mode: "trust" });
  const badge = window.row("read the parser").getByTestId("row-untrusted");
  expect(await badge.textContent()).toBe("untrusted");
  expect(await badge.getAttribute("title")).toContain("started without trust in /home/ada/code/parser");
  expect(await window.row("npm test").getByTestId("row-untrusted").count()).toBe(0);
  await window.close();
});
