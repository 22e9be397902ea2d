/**
 * Starts the window: chooses the backend, makes the state, mounts the view. `?kit` shows the
 * components instead, in a chunk of its own.
 *
 * Must not know: Tauri, any part.
 */
import { mount } from "svelte";
import { chooseBackend } from "./backend";
import { App as AppState } from "./state/app.svelte";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import Window from "./views/Window.svelte";

async function main(): Promise<void> {
  const asked = new URLSearchParams(location.search);
  const theme = asked.get("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset["theme"] = theme;
  const target = document.getElementById("app");
  if (!target) return;
  if (asked.has("kit")) {
    const { default: KitPage } = await import("./views/kit/KitPage.svelte");
    mount(KitPage, { target, props: { theme } });
    return;
  }
  const app = new AppState(await chooseBackend(location.search));
  mount(Window, { target, props: { app } });
}

void main();
