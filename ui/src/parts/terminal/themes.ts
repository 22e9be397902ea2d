/**
 * Colours of well-known terminal themes, beside the window's own.
 *
 * Promise: data only. Must not know: who wears them.
 */
import type { ITheme } from "@xterm/xterm";

type Sixteen = readonly [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];

function made(background: string, foreground: string, cursor: string, selection: string, ansi: Sixteen): ITheme {
  const [black, red, green, yellow, blue, magenta, cyan, white, ...bright] = ansi;
  const [brightBlack, brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan, brightWhite] =
    bright;
  return {
    background,
    foreground,
    cursor,
    cursorAccent: background,
    selectionBackground: selection,
    black,
    red,
    green,
    yellow,
    blue,
    magenta,
    cyan,
    white,
    brightBlack,
    brightRed,
    brightGreen,
    brightYellow,
    brightBlue,
    brightMagenta,
    brightCyan,
    brightWhite,
  };
}

const SOLARIZED: Sixteen = [
  "#073642",
  "#dc322f",
  "#859900",
  "#b58900",
  "#268bd2",
  "#d33682",
  "#2aa198",
  "#eee8d5",
  "#586e75",
  "#cb4b16",
  "#93a1a1",
  "#657b83",
  "#839496",
  "#6c71c4",
  "#93a1a1",
  "#fdf6e3",
];

export const TERMINAL_THEMES: Readonly<Record<string, { title: string; theme: ITheme }>> = {
  gruvbox: {
    title: "Gruvbox Dark",
    theme: made("#282828", "#ebdbb2", "#ebdbb2", "#504945", [
      "#282828",
      "#cc241d",
      "#98971a",
      "#d79921",
      "#458588",
      "#b16286",
      "#689d6a",
      "#a89984",
      "#928374",
      "#fb4934",
      "#b8bb26",
      "#fabd2f",
      "#83a598",
      "#d3869b",
      "#8ec07c",
      "#ebdbb2",
    ]),
  },
  nord: {
    title: "Nord",
    theme: made("#2e3440", "#d8dee9", "#d8dee9", "#434c5e", [
      "#3b4252",
      "#bf616a",
      "#a3be8c",
      "#ebcb8b",
      "#81a1c1",
      "#b48ead",
      "#88c0d0",
      "#e5e9f0",
      "#4c566a",
      "#bf616a",
      "#a3be8c",
      "#ebcb8b",
      "#81a1c1",
      "#b48ead",
      "#8fbcbb",
      "#eceff4",
    ]),
  },
  solarized_dark: { title: "Solarized Dark", theme: made("#002b36", "#839496", "#93a1a1", "#073642", SOLARIZED) },
  solarized_light: { title: "Solarized Light", theme: made("#fdf6e3", "#657b83", "#586e75", "#eee8d5", SOLARIZED) },
};
