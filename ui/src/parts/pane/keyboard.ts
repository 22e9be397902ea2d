/**
 * What takes the keyboard in a pane: the request that is open there, else what one writes in.
 *
 * Must not know: what a pane shows beside that.
 */
const TAKERS = [
  "[data-testid=request][data-open=true]",
  "[data-testid=composer]",
  "[data-zone=terminal] textarea",
  "[data-zone=review] [tabindex='0']",
];

export function takeKeyboard(pane: HTMLElement): void {
  for (const taker of TAKERS) {
    const found = pane.querySelector<HTMLElement>(taker);
    if (!found) continue;
    found.focus({ preventScroll: true });
    if (document.activeElement === found) return;
  }
  pane.focus({ preventScroll: true });
}
