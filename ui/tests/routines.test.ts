/** Routines: the list, one of them, its runs and what is done with it, the form, and the ways there. */
import { expect, test } from "vitest";
import { seriousFaults, useBrowser, type Options, type Ui } from "./page";

const open = useBrowser();

async function routines(options: Options = {}): Promise<Ui> {
  const window = await open({ mode: "routines", ...options });
  await window.press("Alt+r");
  await window.get("routines").waitFor();
  return window;
}

const routine = (window: Ui, name: string) => window.page.locator(`[data-testid=routine][data-name="${name}"]`);

async function show(window: Ui, name: string): Promise<void> {
  await routine(window, name).locator("[data-entry]").click();
  await window.get("routine-details").waitFor();
}

test("the list says what comes next, how each is doing and why, and what is wrong in a file", async () => {
  const window = await routines();
  await expect
    .poll(() => window.get("routines-next").textContent())
    .toMatch(/nightly-triage\s*in \d+h.*Europe\/Berlin/);
  const failing = routine(window, "dependency-update");
  await expect.poll(() => failing.getByTestId("routine-health").textContent()).toBe("failing");
  await failing.getByText("3 runs in a row failed").waitFor();
  const strip = routine(window, "nightly-triage").getByTestId("routine-strip");
  expect(await strip.getAttribute("aria-label")).toContain("newest last: met, met, met, met, not met, met, skipped");
  await expect
    .poll(() => routine(window, "release-notes").getByTestId("routine-problem").textContent())
    .toContain("Line 4, column 12");
  expect(await seriousFaults(window)).toEqual([]);
  await window.close();
});

test("one routine: its times, its runs with their reasons, and the session of a run", async () => {
  const window = await routines();
  await show(window, "nightly-triage");
  await expect.poll(() => window.get("routine-upcoming").locator("li").count()).toBe(5);
  const skipped = window.page.locator("[data-testid=run][data-state=skipped]");
  await expect.poll(() => skipped.getByTestId("run-reason").textContent()).toBe("the previous run was still going");
  const bad = window.page.locator("[data-testid=run][data-outcome=not_met]");
  await bad.getByText("denied: Bash: git push origin main").waitFor();
  await bad.getByTestId("run-events").click();
  await window.get("run-history").getByText("the agent has begun").waitFor();
  expect(await seriousFaults(window)).toEqual([]);
  // The first run has left the board; its session can be opened all the same.
  expect(await window.row("nightly-triage-0").count()).toBe(0);
  await window.get("run").first().getByTestId("run-open").click();
  await window.get("conversation").getByText("All is well.").waitFor();
  expect(await window.get("routines").count()).toBe(0);
  await window.close();
});

test("runs are sessions with a mark on the board, and the mark leads to the routine", async () => {
  const window = await open({ mode: "routines" });
  await expect
    .poll(() => window.row("nightly-triage-5").getByTestId("row-routine").textContent())
    .toBe("nightly-triage");
  await window.select("nightly-triage-5");
  await window.press("Control+g");
  await window.get("automation-routines").click();
  await window.get("routine-details").waitFor();
  await window.press("Escape");
  await window.get("routine-list").waitFor();
  await window.press("Escape");
  await expect.poll(() => window.get("routines").count()).toBe(0);
  await window.close();
});

test("run now with a text, pause with a note, resume, disable", async () => {
  const window = await routines();
  await show(window, "nightly-triage");
  await window.get("routine-run").click();
  await window.get("routine-ask-text").fill("only the importer");
  await window.press("Control+Enter");
  await expect.poll(() => window.get("run").first().getAttribute("data-state")).toBe("running");
  await window.get("routine-pause").click();
  await window.get("routine-ask-text").fill("on holiday");
  await window.press("Enter");
  await expect.poll(() => window.get("routine-reason").textContent()).toBe("on holiday");
  await expect.poll(() => window.get("routine-upcoming").textContent()).toContain("Paused");
  await window.get("routine-resume").click();
  await expect.poll(() => window.get("routine-upcoming").locator("li").count()).toBe(5);
  await window.get("routine-enabled").click();
  await expect.poll(() => window.get("routine-health").textContent()).toBe("disabled");
  await window.get("routine-file").click();
  await expect
    .poll(() => window.page.evaluate(() => self.__fake?.opened.join()))
    .toContain("routines/nightly-triage.md");
  await window.get("routines-back").click();
  await window.get("routines-close").click();
  await expect.poll(() => window.row("nightly-triage-1").count()).toBe(1);
  await window.close();
});

test("remove asks, and Esc is no", async () => {
  const window = await routines();
  await show(window, "morning-digest");
  await window.get("routine-remove").click();
  await window.get("routine-ask").getByText("Its file and its history are deleted").waitFor();
  await window.press("Escape");
  await expect.poll(() => window.get("routine-ask").count()).toBe(0);
  await window.get("routine-remove").click();
  await window.get("routine-ask-yes").click();
  await window.get("routine-list").waitFor();
  await expect.poll(() => routine(window, "morning-digest").count()).toBe(0);
  await window.close();
});

test("pause all holds everything until it is resumed", async () => {
  const window = await routines();
  await window.get("routines-pause-all").click();
  await window.get("routines-paused").waitFor();
  await expect.poll(() => routine(window, "nightly-triage").textContent()).toContain("all paused");
  await window.get("routines-resume-all").click();
  await window.get("routines-next").waitFor();
  await window.close();
});

test("the form tells mistakes beside their field and shows what a schedule means", async () => {
  const window = await routines();
  await show(window, "nightly-triage");
  await window.get("routine-edit").click();
  const form = window.get("routine-form");
  await form.waitFor();
  // Esc closes an open menu, and nothing else.
  await window.get("trigger-presets").click();
  await window.page.getByRole("menuitemradio", { name: "every 2 hours" }).waitFor();
  await window.press("Escape");
  await expect.poll(() => window.page.getByRole("menuitemradio").count()).toBe(0);
  await form.waitFor();
  await window.get("trigger-presets").click();
  await window.page.getByRole("menuitemradio", { name: "every 2 hours" }).click();
  await expect.poll(() => window.get("trigger-text").inputValue()).toBe("every 2 hours");
  await window.get("trigger-text").fill("every monday at 18:30");
  await expect.poll(() => window.get("trigger-means").textContent()).toContain('schedule = "30 18 * * 1"');
  await expect.poll(() => window.get("trigger-upcoming").locator("li").count()).toBe(4);
  await window.get("trigger-text").fill("sometimes");
  await expect.poll(() => window.get("wrong-trigger").textContent()).toContain("`sometimes` is not understood");
  await window.get("trigger-text").fill("every weekday at 8:15");
  await window.get("form-timezone").fill("Mars/Base");
  await expect.poll(() => window.get("wrong-timezone").textContent()).toContain("no time zone");
  await window.get("form-more").locator("summary").click();
  await window.get("form-deadline").fill("soon");
  await expect.poll(() => window.get("wrong-deadline").textContent()).toContain("no length of time");
  expect(await seriousFaults(window)).toEqual([]);
  await window.get("form-save").click();
  await window.get("wrong-deadline").waitFor();
  await window.get("form-deadline").fill("3h");
  await window.get("form-timezone").fill("Europe/Berlin");
  await window.get("form-otherwise-ask").click();
  await window.press("Control+Enter");
  await window.get("routine-details").waitFor();
  await window.get("routine-details").getByText("every weekday at 08:15").first().waitFor();
  await window.get("routine-details").getByText("asks you for what no rule allows").waitFor();
  await window.close();
});

test("what was typed is not lost by Esc, Cancel or the close button", async () => {
  const window = await routines();
  await window.get("routines-new").click();
  await window.get("form-prompt").fill("Look at the night");
  await window.press("Escape");
  await window.get("form-leaving").waitFor();
  expect(await window.get("form-prompt").inputValue()).toBe("Look at the night");
  await window.get("form-prompt").fill("Look at the whole night");
  await window.get("routines-close").click();
  await window.get("form-leaving").waitFor();
  await window.get("form-discard").click();
  await window.get("routine-list").waitFor();
  await window.close();
});

test("without routines there are templates, and one of them becomes a routine", async () => {
  const window = await routines({ mode: "empty" });
  await expect.poll(() => window.get("routine-template").count()).toBe(6);
  expect(await seriousFaults(window)).toEqual([]);
  await window.page.locator("[data-template=flaky-test-hunt]").click();
  expect(await window.get("form-name").inputValue()).toBe("flaky-test-hunt");
  await expect.poll(() => window.get("trigger-means").textContent()).toContain("every night at 02:00");
  await window.get("form-save").click();
  await window.get("routine-details").waitFor();
  await window.press("Escape");
  await expect.poll(() => routine(window, "flaky-test-hunt").count()).toBe(1);
  await window.close();
});

test("/schedule in the input opens the form filled in, and the list by the keyboard", async () => {
  const window = await open({ mode: "routines" });
  await window.dispatch("/schedule every weekday at 9, triage new issues");
  await window.get("routine-form").waitFor();
  expect(await window.get("trigger-text").inputValue()).toBe("every weekday at 9");
  expect(await window.get("form-prompt").inputValue()).toBe("triage new issues");
  expect(await window.get("form-name").inputValue()).toBe("triage-new-issues");
  expect(await window.get("form-repository").inputValue()).toBe("~/code/atlas");
  await expect.poll(() => window.page.evaluate(() => document.activeElement?.id)).toBe("prompt");
  await window.press("Control+Enter");
  await window.get("routine-details").waitFor();
  await window.press("Escape", "ArrowDown", "ArrowDown", "Enter");
  await window.get("routine-details").waitFor();
  await window.press("Escape", "Escape");
  expect(await window.get("dispatch-input").inputValue()).toBe("");
  await window.dispatch("/schedule look at the moon");
  await expect.poll(() => window.get("wrong-trigger").textContent()).toContain("`look` is not understood");
  expect(await window.get("form-prompt").inputValue()).toBe("look at the moon");
  // One that is being written is not replaced by the next.
  await window.get("form-prompt").fill("look at the moon and the stars");
  await window.press("Alt+r");
  await expect.poll(() => window.get("routines").count()).toBe(0);
  await window.dispatch("/schedule every day at 9, look at the sun");
  await window.get("form-leaving").waitFor();
  expect(await window.get("form-prompt").inputValue()).toBe("look at the moon and the stars");
  await window.press("Alt+r");
  expect(await window.get("dispatch-input").inputValue()).toBe("/schedule every day at 9, look at the sun");
  await window.close();
});

test("at the smallest width everything is there", async () => {
  const window = await routines({ width: 720 });
  const wide = () => window.page.evaluate(() => document.querySelector("dialog")?.scrollWidth ?? 0);
  const room = await window.page.evaluate(() => document.querySelector("dialog")?.clientWidth ?? 0);
  expect(await wide()).toBeLessThanOrEqual(room);
  await show(window, "nightly-triage");
  expect(await wide()).toBeLessThanOrEqual(room);
  await window.get("routine-edit").click();
  await window.get("routine-form").waitFor();
  expect(await wide()).toBeLessThanOrEqual(room);
  await window.close();
});
