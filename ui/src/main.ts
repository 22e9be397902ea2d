/**
 * Starts the window: chooses the backend, makes the state, mounts the view. `?kit` shows the
 * components instead, in a chunk of its own.
 *
 * Must not know: Tauri, any part.
 */
import { mount } from "svelte";
import { chooseBackend } from "./backend";
import { App as AppState } from "./state/app.svelte";
import MainWindow from "./views/MainWindow.svelte";

async function main(): Promise<void> {
  const asked = new URLSearchParams(location.search);
  const theme = asked.get("theme");
  const forced = theme === "dark" || theme === "light" ? theme : null;
  const target = document.getElementById("app");
  if (!target) return;
  const backend = await chooseBackend(location.search);
  const app = new AppState(backend, forced);
  app.appearance.apply(document.documentElement);
  if (asked.has("kit")) {
    const { default: KitPage } = await import("./views/kit/KitPage.svelte");
    target.replaceChildren();
    mount(KitPage, { target, props: { theme } });
    return;
  }
  target.replaceChildren();
  mount(MainWindow, { target, props: { app } });
}

void main();
