/** No serious accessibility faults in any main view, dark and light. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { useBrowser, type Ui } from "./page";

const open = useBrowser();
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Finding = { id: string; impact: string | null; nodes: { html: string }[] };

async function faults(window: Ui): Promise<string[]> {
  await window.page.evaluate(AXE);
  const found = await window.page.evaluate(async () => {
    const axe = (self as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe;
    return (await axe.run()).violations;
  });
  const serious = found.filter((fault) => fault.impact === "serious" || fault.impact === "critical");
  return serious.flatMap((fault) => fault.nodes.map((node) => `${fault.id}: ${node.html.slice(0, 160)}`));
}

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
  ["palette", "", async (window) => window.press("Control+k")],
];

for (const light of [false, true]) {
  test.each(VIEWS)(`${light ? "light" : "dark"}: %s`, async (_name, mode, arrange) => {
    const window = await open({ light, mode });
    await arrange(window);
    expect(await faults(window)).toEqual([]);
    await window.close();
  });
}
