/**
 * Arrow keys go from one entry of a list to the next.
 *
 * Promise: the list gives the keyboard to its first entry when it has none yet.
 * Must not know: what the entries are.
 */
const ENTRY = "[data-entry]";

export function arrowKeys(list: HTMLElement): () => void {
  const entries = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>(ENTRY)];
  const onkeydown = (event: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.shiftKey) return;
    const all = entries();
    const at = all.findIndex((entry) => entry.contains(document.activeElement));
    const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  // Wherever in the dialog the keyboard is.
  const dialog = list.closest("dialog") ?? list;
  dialog.addEventListener("keydown", onkeydown);
  return () => dialog.removeEventListener("keydown", onkeydown);
}
