/**
 * The terminal's colours and font, read from the tokens.
 */
import type { ITheme } from "@xterm/xterm";

export const FONT_PX = 13;

export function terminalTheme(): ITheme {
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

export function terminalFont(): string {
  return getComputedStyle(document.documentElement).getPropertyValue("--font-mono").trim();
}
