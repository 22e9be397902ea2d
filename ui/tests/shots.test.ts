/**
 * Pictures of every view, dark and light, compared with those in `tests/shots`.
 *
 * `NIGHTSHIFT_SHOTS=write` writes them anew; look at them before they are committed.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();
const FOLDER = new URL("./shots/", import.meta.url);
/** What was seen instead, to be looked at. */
const FAILED = new URL("../dist/shots-that-differ/", import.meta.url);
/** Another build of the browser draws edges of letters a little differently. */
const COLOUR_TOLERANCE = 0.2;
const PIXELS_TOLERANCE = 0.01;
/** What is still being drawn looks right a moment later; on a busy machine that takes seconds. */
const PATIENCE = { timeout: 40_000, interval: 500 };
/** All ages and times are as of now. */
const NOW = new Date("2026-03-14T09:26:00Z");

type Shot = { name: string; mode?: string; arrange: (window: Ui) => Promise<unknown> };

const section = (id: string): Shot => ({
  name: `settings-${id}`,
  arrange: async (window) => {
    await window.press("Control+,");
    await window.get(`settings-${id}`).click();
    await window.get(`settings-content-${id}`).waitFor();
  },
});

const opened = (name: string) => async (window: Ui) => window.row(name).locator("[data-row-main]").dblclick();

const SHOTS: Shot[] = [
  { name: "board", arrange: (window) => window.row("npm test").waitFor() },
  { name: "directories", arrange: (window) => window.get("group-by-directory").click() },
  { name: "first-run", mode: "empty", arrange: (window) => window.get("first-more").waitFor() },
  { name: "lost", mode: "down", arrange: (window) => window.get("disconnected").waitFor() },
  {
    name: "routines",
    mode: "routines",
    arrange: async (window) => {
      await window.press("Alt+r");
      await window.get("routine-list").waitFor();
    },
  },
  {
    name: "routine",
    mode: "routines",
    arrange: async (window) => {
      await window.press("Alt+r");
      await window.page.locator("[data-name=nightly-triage] [data-entry]").click();
      await window.get("run").first().waitFor();
    },
  },
  {
    name: "routine-form",
    mode: "empty",
    arrange: async (window) => {
      await window.press("Alt+r");
      await window.page.locator("[data-template=nightly-triage]").click();
      await window.get("trigger-means").waitFor();
    },
  },
  {
    name: "routine-templates",
    mode: "empty",
    arrange: async (window) => {
      await window.press("Alt+r");
      await window.get("routine-templates").waitFor();
    },
  },
  { name: "nothing-found", arrange: (window) => window.get("filter-input").fill("no such thing") },
  {
    name: "peek",
    arrange: async (window) => {
      await window.select("move sessions table");
      await window.press("Space", "Control+y");
      await window.get("why-entry").first().waitFor();
    },
  },
  {
    name: "completion",
    arrange: async (window) => {
      await window.get("dispatch-input").pressSequentially("tidy up @");
      await window.get("completion").nth(5).waitFor();
    },
  },
  {
    name: "conversation",
    arrange: async (window) => {
      await opened("list every loose end")(window);
      await window.get("conversation").getByText("Three").waitFor();
    },
  },
  {
    name: "terminal",
    arrange: async (window) => {
      await opened("npm test")(window);
      await window.get("terminal-ended").waitFor();
    },
  },
  {
    name: "tabs",
    arrange: async (window) => {
      await opened("list every loose end")(window);
      // The pane takes the keyboard as soon as it is there: not from the rows that are chosen next.
      await window.get("composer").waitFor();
      for (const name of ["draft the changelog", "npm test"]) {
        await window.select(name);
        await window.press("Control+Shift+Enter");
        await window.get("tab").filter({ hasText: name }).waitFor();
      }
      await window.get("terminal-ended").waitFor();
    },
  },
  { name: "palette", arrange: (window) => window.press("Control+k") },
  { name: "keys", arrange: (window) => window.get("open-keys").click() },
  ...["general", "keys", "appearance", "advanced"].map(section),
];

async function picture(window: Ui): Promise<PNG> {
  await window.page.evaluate(() => document.fonts.ready);
  // A caret blinks, and a pointer hovers.
  await window.page.mouse.move(0, 0);
  return PNG.sync.read(await window.page.screenshot({ caret: "hide", animations: "disabled" }));
}

function differing(seen: PNG, name: string): number {
  const file = new URL(`${name}.png`, FOLDER);
  if (process.env["NIGHTSHIFT_SHOTS"] === "write") {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, PNG.sync.write(seen, { colorType: 2 }));
    return 0;
  }
  if (!existsSync(file)) throw new Error(`there is no picture ${name}; NIGHTSHIFT_SHOTS=write makes it`);
  const wanted = PNG.sync.read(readFileSync(file));
  expect([seen.width, seen.height]).toEqual([wanted.width, wanted.height]);
  const count = pixelmatch(seen.data, wanted.data, undefined, seen.width, seen.height, { threshold: COLOUR_TOLERANCE });
  const part = count / (seen.width * seen.height);
  if (part > PIXELS_TOLERANCE) {
    mkdirSync(FAILED, { recursive: true });
    writeFileSync(new URL(`${name}.png`, FAILED), PNG.sync.write(seen, { colorType: 2 }));
  }
  return part;
}

for (const light of [false, true]) {
  test.each(SHOTS)(`${light ? "light" : "dark"}: $name looks as it did`, async ({ name, mode = "", arrange }) => {
    const window = await open({ light, mode, width: 1040, height: 640, at: NOW });
    await arrange(window);
    const differs = async () => differing(await picture(window), `${name}-${light ? "light" : "dark"}`);
    await expect.poll(differs, PATIENCE).toBeLessThanOrEqual(PIXELS_TOLERANCE);
    await window.close();
  });
}
