/**
 * Pasted text: what of it reaches a program.
 *
 * Promise: of all control characters only line breaks and tabs are left, so that text neither ends its own
 * paste and goes on as keys nor presses any. `crates/host/src/paste.rs` decides the same for what is entered
 * by the supervisor and pasted into an attached terminal; both are tested with `paste.cases.json`.
 * Must not know: terminals.
 */

/** C0 (ESC among it), DEL and C1 (the 8-bit CSI among it) press keys or begin sequences. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

export function pastable(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROL, "");
}
