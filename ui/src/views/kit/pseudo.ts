/**
 * Lets a page show a control as if it were hovered, pressed or focused.
 *
 * Promise: copies the rules that the styles have for these, so that what is shown is what happens.
 * Must not know: any component.
 */

const SHOWN: readonly [pseudo: RegExp, mark: string][] = [
  [/:hover(?![\w-])/g, "as-hover"],
  [/:active(?![\w-])/g, "as-active"],
  [/:focus(?:-visible|-within)?(?![\w-])/g, "as-focus"],
];

/** For what stands in an element of class `as-hover`, and for its buttons, every rule for `:hover` holds. */
export function showPseudoStates(): void {
  for (const sheet of document.styleSheets) {
    // From the end, so that each copy can stand right behind its rule and weighs the same.
    for (let at = sheet.cssRules.length - 1; at >= 0; at -= 1) {
      const rule = sheet.cssRules[at];
      const copy = rule instanceof CSSStyleRule ? pretend(rule) : null;
      if (copy !== null) sheet.insertRule(copy, at + 1);
    }
  }
}

function pretend(rule: CSSStyleRule): string | null {
  let selector = rule.selectorText;
  for (const [pseudo, mark] of SHOWN) {
    // A pseudo-class weighs one class: so does the part that excludes nothing.
    selector = selector.replaceAll(pseudo, `:where(.${mark} > *, .${mark} button):not(.${mark})`);
  }
  return selector === rule.selectorText ? null : `${selector} { ${rule.style.cssText} }`;
}
