/**
 * How terminals look: colours and font from the tokens, as far as the settings say nothing else.
 *
 * Promise: a value that makes no sense is as good as none.
 * Must not know: terminals, panes.
 */
import type { ITheme } from "@xterm/xterm";
import type { Settings } from "../../state/settings.svelte";
import { TERMINAL_THEMES } from "./themes";

const FONT_PX = 13;
const FONT_MIN_PX = 8;
const FONT_MAX_PX = 32;
/** Lines kept above the screen: as many as people scroll back, a few megabytes. */
const SCROLLBACK_LINES = 10_000;
/** A terminal of more takes hundreds of megabytes; the journal has the rest. */
const SCROLLBACK_MAX_LINES = 100_000;

export type TerminalStyle = {
  fontFamily: string;
  fontSize: number;
  theme: ITheme;
  scrollback: number;
  copyOnSelect: boolean;
};

export function terminalStyle(settings: Settings): TerminalStyle {
  const named = TERMINAL_THEMES[settings.text("terminal", "theme") ?? ""];
  const family = settings.text("terminal", "font_family")?.trim();
  const bounded = (wanted: number, least: number, most: number) => Math.max(least, Math.min(most, Math.round(wanted)));
  return {
    fontFamily: family ? `${JSON.stringify(family)}, ${terminalFont()}` : terminalFont(),
    fontSize: bounded(settings.number("terminal", "font_size") ?? FONT_PX, FONT_MIN_PX, FONT_MAX_PX),
    theme: named?.theme ?? tokenTheme(),
    scrollback: bounded(settings.number("terminal", "scrollback") ?? SCROLLBACK_LINES, 0, SCROLLBACK_MAX_LINES),
    copyOnSelect: settings.get("terminal", "copy_on_select") === true,
  };
}

function tokenTheme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--term-${name}`).trim();
  return {
    background: token("bg"),
    foreground: token("fg"),
    cursor: token("cursor"),
    cursorAccent: token("bg"),
    selectionBackground: token("selection"),
    black: token("black"),
    red: token("red"),
    green: token("green"),
    yellow: token("yellow"),
    blue: token("blue"),
    magenta: token("magenta"),
    cyan: token("cyan"),
    white: token("white"),
    brightBlack: token("bright-black"),
    brightRed: token("bright-red"),
    brightGreen: token("bright-green"),
    brightYellow: token("bright-yellow"),
    brightBlue: token("bright-blue"),
    brightMagenta: token("bright-magenta"),
    brightCyan: token("bright-cyan"),
    brightWhite: token("bright-white"),
  };
}

function terminalFont(): string {
  return getComputedStyle(document.documentElement).getPropertyValue("--font-mono").trim();
}
