/**
 * Characters that nobody sees, or that reorder what is seen, written by their number: `‹U+202E›`.
 *
 * Promise: pure; the table is that of the Rust crate `terms`, whose test compares them; nothing is dropped.
 * Must not know: where a text goes.
 */
type Range = readonly [first: number, last: number];

// prettier-ignore
const HIDDEN: Range[] = [
  [0x0000, 0x0008], [0x000b, 0x001f], [0x007f, 0x00a0], [0x00ad, 0x00ad], [0x034f, 0x034f], [0x0600, 0x0605], [0x061c, 0x061c],
  [0x06dd, 0x06dd], [0x070f, 0x070f], [0x0890, 0x0891], [0x08e2, 0x08e2], [0x115f, 0x1160], [0x1680, 0x1680], [0x17b4, 0x17b5],
  [0x180b, 0x180f], [0x2000, 0x200f], [0x2028, 0x202f], [0x205f, 0x206f], [0x2800, 0x2800], [0x3000, 0x3000], [0x3164, 0x3164],
  [0xe000, 0xf8ff], [0xfdd0, 0xfdef], [0xfe00, 0xfe0f], [0xfeff, 0xfeff], [0xffa0, 0xffa0], [0xfff0, 0xfffb], [0xfffe, 0xffff],
  [0x110bd, 0x110bd], [0x110cd, 0x110cd], [0x13430, 0x1343f], [0x16fe4, 0x16fe4], [0x1bca0, 0x1bca3], [0x1d159, 0x1d159],
  [0x1d173, 0x1d17a], [0x1fffe, 0x1ffff], [0x2fffe, 0x2ffff], [0x3fffe, 0x10ffff],
];
/** What an emoji begins with, or a sign that has an emoji's form. */
// prettier-ignore
const EMOJI: Range[] = [
  [0x00a9, 0x00a9], [0x00ae, 0x00ae], [0x203c, 0x203c], [0x2049, 0x2049], [0x2122, 0x2122], [0x2139, 0x2139], [0x2194, 0x21aa],
  [0x231a, 0x23ff], [0x24c2, 0x24c2], [0x25aa, 0x25fe], [0x2600, 0x27bf], [0x2934, 0x2935], [0x2b05, 0x2b55], [0x3030, 0x3030],
  [0x303d, 0x303d], [0x3297, 0x3299], [0x1f000, 0x1faff],
];
/** Letters that a zero width non-joiner keeps apart. */
// prettier-ignore
const ARABIC: Range[] = [
  [0x0620, 0x064a], [0x066e, 0x06d3], [0x06ee, 0x06ef], [0x06fa, 0x06ff], [0x0750, 0x077f],
];
// prettier-ignore
const IDEOGRAPHS: Range[] = [
  [0x3400, 0x4dbf], [0x4e00, 0x9fff], [0xf900, 0xfaff], [0x20000, 0x323af],
];
/** As wide as an ideograph: between these a space is as wide too. */
// prettier-ignore
const WIDE: Range[] = [
  [0x3001, 0x303f], [0x3041, 0x312f], [0x31a0, 0x31ff], [0x3400, 0x4dbf], [0x4e00, 0x9fff], [0xf900, 0xfaff], [0xff01, 0xff60],
  [0x20000, 0x323af],
];
const WIDE_SPACE = 0x3000;
const NEWLINE = 0x0a;
const JOINER = 0x200d;
const NON_JOINER = 0x200c;
const KEYCAP = 0x20e3;
const SKIN: Range = [0x1f3fb, 0x1f3ff];
/** Blocks of Indian scripts of 128 characters, each with its virama at the same place but one. */
const INDIC: Range = [0x900, 0xdff];
const INDIC_BLOCK = 0x80;
const VIRAMA = 0x4d;
const SINHALA = 0xd80;
const SINHALA_VIRAMA = 0xdca;

const within = ([first, last]: Range, code: number): boolean => first <= code && code <= last;
const among = (table: Range[], code: number): boolean => table.some((range) => within(range, code));

/** After a virama of the script that goes on. */
function joinsIndic(last: number, next: number): boolean {
  const block = (code: number) => Math.floor(code / INDIC_BLOCK);
  const virama = block(last) === block(SINHALA) ? last === SINHALA_VIRAMA : last % INDIC_BLOCK === VIRAMA;
  return within(INDIC, last) && virama && block(next) === block(last);
}

function endsEmoji(before: number, last: number): boolean {
  if (last === 0xfe0f || within(SKIN, last)) return among(EMOJI, before);
  return among(EMOJI, last);
}

/** Whether it joins or forms what it stands beside, where everybody sees that. */
function belongs(before: number, last: number, code: number, next: number): boolean {
  if (code === WIDE_SPACE) return (last < 0 || last === NEWLINE || among(WIDE, last)) && among(WIDE, next);
  if ((code === 0xfe0e || code === 0xfe0f) && among(EMOJI, last)) return true;
  if (code === 0xfe0f) return next === KEYCAP && (last === 0x23 || last === 0x2a || within([0x30, 0x39], last));
  if (within([0xfe00, 0xfe02], code) || within([0xe0100, 0xe01ef], code)) return among(IDEOGRAPHS, last);
  if (code === JOINER) return (endsEmoji(before, last) && among(EMOJI, next)) || joinsIndic(last, next);
  if (code === NON_JOINER) return (among(ARABIC, last) && among(ARABIC, next)) || joinsIndic(last, next);
  return false;
}

/** `text` with everything in it to be seen. */
export function visible(text: string): string {
  const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0);
  if (!codes.some((code) => among(HIDDEN, code))) return text;
  const shown = codes.map((code, at) => {
    const [before, last, next] = [codes[at - 2] ?? -1, codes[at - 1] ?? -1, codes[at + 1] ?? -1];
    if (!among(HIDDEN, code) || belongs(before, last, code, next)) return String.fromCodePoint(code);
    return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
  });
  return shown.join("");
}
