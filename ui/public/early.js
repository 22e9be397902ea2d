/**
 * Sets the theme before anything is painted: the one that `state/appearance.svelte.ts` remembers, else the system's.
 * A separate file, because the content policy allows no script in the page.
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
