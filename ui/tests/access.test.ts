/** No serious accessibility faults in any main view, dark and light. */
import { expect, test } from "vitest";
import { seriousFaults, useBrowser, type Ui } from "./page";

const open = useBrowser();

const VIEWS: [string, string, (window: Ui) => Promise<void>][] = [
  ["board", "", async (window) => window.row("npm test").waitFor()],
  [
    "peek",
    "",
    async (window) => {
      await window.row("move sessions table").locator("[data-row-main]").click();
      await window.press("Space");
      await window.get("peek-why").click();
    },
  ],
  ["first page", "empty", async (window) => window.get("agent").first().waitFor()],
  [
    "conversation",
    "",
    async (window) => {
      await window.dispatch("make the parser strict", "Shift+Enter");
      await window.get("request").waitFor();
    },
  ],
  [
    "filtered and selected rows",
    "",
    async (window) => {
      await window.get("filter-input").fill("s:working");
      await window.press("Enter", "Control+a");
      await window.get("multi-select").waitFor();
    },
  ],
  [
    "rows by directory and a reply to several",
    "",
    async (window) => {
      await window.get("group-by-directory").click();
      await window.select("npm test");
      await window.select("flaky sync test");
      await window.press("x", "r");
      await window.get("multi-select-reply-input").waitFor();
    },
  ],
  ["nothing found", "", async (window) => window.get("filter-input").fill("no such thing")],
  [
    "find in a conversation",
    "",
    async (window) => {
      await window.row("list every loose end").locator("[data-row-main]").dblclick();
      await window.press("Control+f");
      await window.page.keyboard.type("loose");
    },
  ],
  [
    "review with a comment being written",
    "",
    async (window) => {
      await window.select("flaky sync test");
      await window.press("Control+d");
      await window.get("review-diff").waitFor();
      await window.press("n", "c");
      await window.page.keyboard.type("why?");
      await window.press("Control+Enter", "n", "c");
    },
  ],
  [
    "review side by side",
    "",
    async (window) => {
      await window.select("flaky sync test");
      await window.press("Control+d");
      await window.get("review-diff").waitFor();
      await window.press("v");
      await window.get("review-discard").click();
      await window.get("review-outcome").waitFor();
    },
  ],
  ["palette", "", async (window) => window.press("Control+k")],
  [
    "settings: general",
    "",
    async (window) => {
      await window.press("Control+,");
      await window.get("settings-general").click();
      await window.get("settings-content-general").waitFor();
    },
  ],
  [
    "settings: agents",
    "",
    async (window) => {
      await window.press("Control+,");
      await window.get("settings-agents").click();
      await window.get("settings-content-agents").waitFor();
    },
  ],
  [
    "settings: permissions",
    "",
    async (window) => {
      await window.press("Control+,");
      await window.get("settings-permissions").click();
      await window.get("settings-content-permissions").waitFor();
    },
  ],
  [
    "settings: keys",
    "",
    async (window) => {
      await window.press("Control+,");
      await window.get("settings-keys").click();
      await window.get("settings-content-keys").waitFor();
    },
  ],
  [
    "settings: appearance",
    "",
    async (window) => {
      await window.press("Control+,");
      await window.get("settings-appearance").click();
      await window.get("settings-content-appearance").waitFor();
    },
  ],
  [
    "settings: advanced",
    "",
    async (window) => {
      await window.press("Control+,");
      await window.get("settings-advanced").click();
      await window.get("settings-content-advanced").waitFor();
    },
  ],
  ["completion", "", async (window) => window.get("dispatch-input").pressSequentially("fix it in @")],
  ["a lost supervisor", "down", async (window) => window.get("disconnected").waitFor()],
];

for (const light of [false, true]) {
  test.each(VIEWS)(`${light ? "light" : "dark"}: %s`, async (_name, mode, arrange) => {
    const window = await open({ light, mode });
    await arrange(window);
    expect(await seriousFaults(window)).toEqual([]);
    await window.close();
  });
}
