/**
 * The window's terminal without a window: draws bytes and says what is seen, one JSON line for one JSON line.
 *
 * Asked `{ cols, rows, data }` (`data` in base64, for a terminal that was just reset), it answers
 * `{ cells, cursor, modes, answers }`: rows of `[text, look]`, cells that a wide one covers left out.
 */
import { createInterface } from "node:readline";
import unicode from "@xterm/addon-unicode11";
import headless from "@xterm/headless";

/** Looks of a cell that are on or off. */
const FLAGS = [
  "isBold",
  "isDim",
  "isItalic",
  "isUnderline",
  "isBlink",
  "isInverse",
  "isInvisible",
  "isStrikethrough",
  "isOverline",
];
const SCROLLBACK_ROWS = 1_000;

/** The sixteen colours are the first of the 256, whichever way they were asked for. */
const KINDS = { 0x1000000: "index", 0x2000000: "index", 0x3000000: "rgb" };

function colour(mode, value) {
  return mode === 0 ? "" : `${KINDS[mode]} ${value.toString(16)}`;
}

function look(cell) {
  const flags = FLAGS.filter((flag) => cell[flag]() !== 0).map((flag) => flag.slice(2).toLowerCase());
  return [
    ...flags,
    `${colour(cell.getFgColorMode(), cell.getFgColor())}/${colour(cell.getBgColorMode(), cell.getBgColor())}`,
  ].join(" ");
}

function row(line, cols) {
  const cells = [];
  for (let x = 0; x < cols; x += 1) {
    const cell = line.getCell(x);
    if (cell.getWidth() > 0) cells.push([cell.getChars() || " ", look(cell)]);
  }
  return cells;
}

async function draw({ cols, rows, data }) {
  const term = new headless.Terminal({
    cols,
    rows,
    scrollback: SCROLLBACK_ROWS,
    allowProposedApi: true,
    logLevel: "off",
  });
  term.loadAddon(new unicode.Unicode11Addon());
  term.unicode.activeVersion = "11";
  let answers = "";
  term.onData((text) => (answers += text));
  await new Promise((drawn) => term.write(Buffer.from(data, "base64"), drawn));
  const { active } = term.buffer;
  const cells = Array.from({ length: rows }, (_, y) => row(active.getLine(active.baseY + y), cols));
  const { synchronizedOutputMode, ...modes } = term.modes;
  const seen = {
    cells,
    cursor: [active.cursorY, active.cursorX],
    modes: { ...modes, alternate: active.type === "alternate" },
    answers,
  };
  term.dispose();
  return seen;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await draw(JSON.parse(line)))}\n`);
}
