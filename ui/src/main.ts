/**
 * Starts the window: chooses the backend, makes the state, mounts the view.
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
  const theme = new URLSearchParams(location.search).get("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset["theme"] = theme;
  const app = new AppState(await chooseBackend(location.search));
  const target = document.getElementById("app");
  if (target) mount(Window, { target, props: { app } });
}

void main();
