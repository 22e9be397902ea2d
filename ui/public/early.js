/**
 * Wears the theme before anything is painted: the one that the window remembers (`look` in
 * `state/look.svelte.ts`), else the system's. A file of its own, since the content policy allows no
 * script in the page.
 */
(() => {
  let wanted = "system";
  try {
    wanted = JSON.parse(localStorage.getItem("nightshift.look") ?? "{}").theme;
  } catch {
    // Nothing is remembered, or nothing that can be read.
  }
  const light = wanted === "light" || (wanted !== "dark" && matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
})();
