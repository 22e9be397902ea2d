/**
 * What a person's hand costs the window: script, style and layout time of scrolling, filtering and
 * moving the selection, with a thousand sessions of which twenty change every second.
 *
 * Prints medians and 95th percentiles in milliseconds. It asserts nothing: a busy machine is no fault.
 */
import { test } from "vitest";
import { useBrowser, type Ui } from "../tests/page";

const open = useBrowser();
const TURNS = 120;
/** A frame of sixty a second. */
const BUDGET_MS = 16;

type Cost = { script: number; all: number };

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

async function measure(window: Ui, name: string, act: (turn: number) => Promise<unknown>): Promise<void> {
  const session = await window.page.context().newCDPSession(window.page);
  await session.send("Performance.enable");
  const now = async (): Promise<Cost> => {
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (key: string) => (metrics.find((metric) => metric.name === key)?.value ?? 0) * 1_000;
    return {
      script: of("ScriptDuration"),
      all: of("ScriptDuration") + of("LayoutDuration") + of("RecalcStyleDuration"),
    };
  };
  const script: number[] = [];
  const all: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const before = await now();
    await act(turn);
    await window.page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
    const after = await now();
    script.push(after.script - before.script);
    all.push(after.all - before.all);
  }
  await session.detach();
  const row = (values: number[]) => {
    const sorted = values.toSorted((a, b) => a - b);
    return `p50 ${percentile(sorted, 0.5).toFixed(1)}  p95 ${percentile(sorted, 0.95).toFixed(1)}`;
  };
  const kept =
    percentile(
      script.toSorted((a, b) => a - b),
      0.95,
    ) <= BUDGET_MS
      ? "within"
      : "over";
  console.log(`${name.padEnd(18)} script ${row(script)} (${kept} ${BUDGET_MS})   with style and layout ${row(all)}`);
}

test("a thousand sessions, twenty changing every second", async () => {
  const window = await open({ mode: "busy", speed: 1 });
  await window.row("session 1").waitFor();
  const board = window.get("board");
  await measure(window, "nothing", async () => undefined);
  await measure(window, "scroll", (turn) =>
    board.evaluate((node, by) => (node.scrollTop += by), turn % 40 < 20 ? 400 : -400),
  );
  await board.evaluate((node) => (node.scrollTop = 0));
  await window.row("session 1").locator("[data-row-main]").click();
  await measure(window, "move selection", () => window.press("ArrowDown"));
  const filter = window.get("filter-input");
  await measure(window, "filter", (turn) => filter.fill(`session ${turn}`));
  await window.close();
});
