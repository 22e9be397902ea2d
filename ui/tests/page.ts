/**
 * A browser page with the window in it, and short names for what tests look at.
 *
 * Promise: fails a test on any page error, console error or refused resource.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject } from "vitest";

const CHROMIUM = process.env["NIGHTSHIFT_CHROMIUM"] ?? "/usr/bin/chromium";
/** Longest wait for something to appear; a busy machine needs seconds, never this long. */
const PATIENCE_MS = 40_000;

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export type Options = {
  mode?: string;
  width?: number;
  height?: number;
  light?: boolean;
  speed?: number;
  at?: Date;
  ownClock?: boolean;
};

export function useBrowser(): (options?: Options) => Promise<Ui> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(() => browser.close());
  return async (options = {}) => {
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 900 },
      colorScheme: options.light ? "light" : "dark",
      reducedMotion: "reduce",
      timezoneId: "UTC",
      locale: "en-GB",
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    if (options.ownClock) await page.clock.install();
    if (options.at) await page.clock.setFixedTime(options.at);
    const window = new Ui(page);
    await page.goto(`${inject("url")}?fake=${options.mode ?? ""}&speed=${options.speed ?? 6}`);
    await window.get("dispatch-input").waitFor();
    return window;
  };
}

export class Ui {
  readonly problems: string[] = [];

  constructor(readonly page: Page) {
    page.on("pageerror", (error) => this.problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.problems.push(message.text());
    });
  }

  get(testid: string): Locator {
    return this.page.getByTestId(testid);
  }

  row(name: string): Locator {
    return this.page.locator(`[data-testid=row][data-name="${name}"]`);
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Until what is asked has been on the screen for long enough to be answered. */
  async answerable(): Promise<void> {
    await this.page.locator("[data-live=true]").first().waitFor();
  }

  async dispatch(text: string, key = "Enter"): Promise<void> {
    await this.get("dispatch-input").fill(text);
    await this.press(key);
  }

  async select(name: string): Promise<void> {
    await this.row(name).locator("[data-row-main]").click();
  }

  async close(): Promise<void> {
    const { problems } = this;
    await this.page.context().close();
    expect(problems).toEqual([]);
  }
}

type Finding = { id: string; impact: string | null; nodes: { html: string }[] };

/** What axe calls serious or critical, one line each. */
export async function seriousFaults(window: Ui): Promise<string[]> {
  await window.page.evaluate(AXE);
  const found = await window.page.evaluate(async () => {
    const axe = (self as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe;
    return (await axe.run()).violations;
  });
  const serious = found.filter((fault) => fault.impact === "serious" || fault.impact === "critical");
  return serious.flatMap((fault) => fault.nodes.map((node) => `${fault.id}: ${node.html.slice(0, 160)}`));
}
