/**
 * How the window looks: theme, contrast, motion and size, from the settings and the system.
 *
 * Promise: the last look is there before the settings are read; what is not set follows the system.
 * Must not know: components, tokens.
 */
import { isNumber, isString, recall, remember } from "./storage";
import type { Settings } from "./settings.svelte";

/** The size that the tokens are written for. */
export const FONT_PX = 13;
export const FONT_MIN_PX = 11;
export const FONT_MAX_PX = 20;

/** The name in the store since the first version; `early.js` reads it too. */
const STORED_AS = "look";

export type Theme = "light" | "dark";

type Kept = { theme: string; contrast: string; motion: string; fontPx: number };

const isKept = (value: unknown): value is Kept =>
  typeof value === "object" &&
  value !== null &&
  ["theme", "contrast", "motion"].every((key) => isString((value as Record<string, unknown>)[key])) &&
  isNumber((value as Record<string, unknown>)["fontPx"]);

const SYSTEM: Kept = { theme: "system", contrast: "system", motion: "system", fontPx: FONT_PX };

export class Appearance {
  private readonly kept = recall(STORED_AS, SYSTEM, isKept);
  private readonly systemLight = new Asked("(prefers-color-scheme: light)");
  private readonly systemContrast = new Asked("(prefers-contrast: more)");
  private readonly systemStill = new Asked("(prefers-reduced-motion: reduce)");

  /** What is wanted, before the system is asked. */
  readonly wanted: Kept = $derived.by(() => {
    if (this.settings.file === null) return this.kept;
    return {
      theme: this.settings.text("appearance", "theme") ?? "system",
      contrast: this.settings.text("appearance", "high_contrast") ?? "system",
      motion: this.settings.text("appearance", "reduced_motion") ?? "system",
      fontPx: Math.max(FONT_MIN_PX, Math.min(FONT_MAX_PX, this.settings.number("appearance", "font_size") ?? FONT_PX)),
    };
  });
  readonly theme: Theme = $derived.by(() => {
    const { theme } = this.wanted;
    if (theme === "light" || theme === "dark") return theme;
    return this.systemLight.now ? "light" : "dark";
  });
  readonly highContrast: boolean = $derived(this.settled(this.wanted.contrast, this.systemContrast.now));
  readonly still: boolean = $derived(this.settled(this.wanted.motion, this.systemStill.now));
  readonly scale: number = $derived(this.wanted.fontPx / FONT_PX);

  /** `forced` is a theme that nothing overrides. */
  constructor(
    private readonly settings: Settings,
    private readonly forced: Theme | null = null,
  ) {}

  /** On the page itself. */
  apply(root: HTMLElement): void {
    root.dataset["theme"] = this.forced ?? this.theme;
    root.dataset["contrast"] = this.highContrast ? "more" : "usual";
    root.dataset["motion"] = this.still ? "reduced" : "full";
    root.style.setProperty("--scale", String(this.scale));
    remember(STORED_AS, this.wanted);
  }

  private settled(wanted: string, system: boolean): boolean {
    return wanted === "system" ? system : wanted === "on";
  }
}

/** A question to the system whose answer may change. */
class Asked {
  now = $state(false);

  constructor(question: string) {
    if (typeof matchMedia === "undefined") return;
    const asked = matchMedia(question);
    this.now = asked.matches;
    asked.addEventListener("change", () => (this.now = asked.matches));
  }
}
