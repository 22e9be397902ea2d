/**
 * Text of agents and sizes, made fit for one line.
 *
 * Promise: pure; what is invisible is shown. Must not know: the DOM.
 */
import { visible } from "./visible";

/** `12 KiB`, `3.4 MiB`, `1.2 GiB`. */
export function bytesText(bytes: number): string {
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let amount = bytes / 1024;
  while (amount >= 1000 && at < units.length - 1) {
    amount /= 1024;
    at += 1;
  }
  const text = at === 0 || amount >= 100 ? Math.ceil(amount).toString() : amount.toFixed(1);
  return `${text} ${units[at]}`;
}

/** One calm line out of any text; what is invisible in it is shown. */
export function oneLine(text: string): string {
  return visible(
    text
      .replace(/\u001b\[[0-9;:]*m/g, "")
      .replace(/[\t\n\v\f\r\u2028\u2029]/g, " ")
      .trim(),
  );
}

/** What was written behind a text while it was being sent; all of it where that was changed instead. */
export function unsent(written: string, sent: string): string {
  return written.startsWith(sent) ? written.slice(sent.length) : written;
}
