/**
 * Who has the keyboard when the element that has it goes away: removed, switched off or hidden.
 *
 * Promise: one rule for all of the window. Every surface (a pane, the board, a dialog) names who takes the keyboard
 * for it; a lost keyboard stays on the surface it was on, and a key never acts on one that nobody chose.
 * Must not know: parts, what a surface shows.
 */
import type { Attachment } from "svelte/attachments";

/** Gives the keyboard to something on the surface. */
type Take = (surface: HTMLElement) => void;

const owners = new Map<HTMLElement, Take>();
/** What had the keyboard last, and the surfaces it was on, the innermost first. */
let holder: HTMLElement | null = null;
let surfaces: HTMLElement[] = [];
/** What got the keyboard because something went away, until somebody uses it there. */
let given: Element | null = null;
let givenAt = -Infinity;

/** An attachment of a surface: `take` is asked when what had the keyboard in there is gone. */
export function ownsFocus(take: Take): Attachment<HTMLElement> {
  return (surface) => {
    owners.set(surface, take);
    if (holder && surface.contains(holder)) surfaces = surfacesOf(holder);
    return () => owners.delete(surface);
  };
}

/** The keyboard is there because something else went away, and nobody has used it since. */
export function wasGiven(element: Element | null): boolean {
  return element !== null && element === given && element === document.activeElement;
}

/** The keyboard came by itself so short a time ago that a key can have meant what went away. */
export function wasGivenWithin(ms: number): boolean {
  return performance.now() - givenAt < ms;
}

/** Takes the keyboard if nothing has it and it was not lost on another surface than this element's. */
export function takeFree(element: HTMLElement): void {
  const { activeElement } = document;
  if (activeElement !== null && activeElement !== document.body) return;
  if (surfaces.length > 0 && !surfaces.some((surface) => surface.contains(element))) return;
  const lost = holder !== null && isLost(holder) ? holder : null;
  element.focus({ preventScroll: true });
  if (lost) gave(element, lost);
}

/** The keyboard moved by itself, unless `element` is only the new place of what had it: `data-focus` names that. */
function gave(element: Element, lost: HTMLElement | null): void {
  const name = lost?.dataset["focus"];
  if (name !== undefined && name === element.getAttribute("data-focus")) return;
  given = element;
  givenAt = performance.now();
}

/** The group of the header that has the keyboard. */
export function focusedHeader(): string | null {
  const header =
    typeof document === "undefined" ? null : document.activeElement?.closest<HTMLElement>("[data-zone=header]");
  return header?.dataset["group"] ?? null;
}

/** Where a key goes: to what has the keyboard, which may have changed since the key went down. */
export function keyTarget(event: Event): EventTarget | null {
  return event.target === document.body ? document.activeElement : event.target;
}

/** Something in `surface` has gone or is over: whoever owns that takes the keyboard, if nothing has it there. */
export function releaseFocus(element: HTMLElement): void {
  if (element.contains(document.activeElement)) hand(surfacesOf(element), null);
}

function isLost(element: HTMLElement): boolean {
  if (!element.isConnected || element.matches(":disabled") || element.closest("[inert]")) return true;
  return !element.checkVisibility({ visibilityProperty: true });
}

function surfacesOf(element: HTMLElement): HTMLElement[] {
  const found: HTMLElement[] = [];
  for (let at: HTMLElement | null = element; at; at = at.parentElement) if (owners.has(at)) found.push(at);
  return found;
}

function hand(to: readonly HTMLElement[], lost: HTMLElement | null): void {
  for (const surface of to) {
    const take = owners.get(surface);
    if (!take || isLost(surface)) continue;
    take(surface);
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) continue;
    gave(activeElement, lost);
    return;
  }
}

/** Keeps the keyboard on its surface for as long as the window is there. */
export function keepFocus(fallback: () => void): () => void {
  const moved = new MutationObserver(mend);

  function mend(): void {
    const { activeElement } = document;
    const elsewhere = activeElement !== null && activeElement !== document.body && activeElement !== holder;
    if (!holder || elsewhere || !isLost(holder)) return;
    const [from, lost] = [surfaces, holder];
    holder = null;
    moved.disconnect();
    hand(from, lost);
    if (document.activeElement === null || document.activeElement === document.body) fallback();
  }

  function onfocusin({ target }: FocusEvent): void {
    if (!(target instanceof HTMLElement) || target === document.body) return;
    holder = target;
    if (target !== given) given = null;
    const on = surfacesOf(target);
    // A bar that comes and goes is no surface: when it goes, the keyboard goes back to where it was.
    if (on.length > 0) surfaces = on;
    moved.disconnect();
    for (let at: HTMLElement | null = target; at; at = at.parentElement) {
      moved.observe(at, {
        childList: true,
        attributes: true,
        attributeFilter: ["disabled", "hidden", "inert", "class", "style"],
      });
    }
  }

  /** A click beside everything: the keyboard is nobody's. */
  function onfocusout(): void {
    queueMicrotask(() => {
      if (!holder || !document.hasFocus() || document.activeElement !== document.body || isLost(holder)) return;
      holder = null;
      surfaces = [];
      moved.disconnect();
    });
  }

  const used = () => (given = null);
  const onkeydown = (event: KeyboardEvent) => {
    mend();
    if (event.target === given) used();
  };
  document.addEventListener("focusin", onfocusin);
  document.addEventListener("focusout", onfocusout);
  document.addEventListener("keydown", onkeydown, true);
  document.addEventListener("pointerdown", used, true);
  window.addEventListener("resize", mend);
  if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body)
    holder = document.activeElement;
  return () => {
    moved.disconnect();
    document.removeEventListener("focusin", onfocusin);
    document.removeEventListener("focusout", onfocusout);
    document.removeEventListener("keydown", onkeydown, true);
    document.removeEventListener("pointerdown", used, true);
    window.removeEventListener("resize", mend);
  };
}
