/**
 * Starts the window of one session: `?session=` says which.
 *
 * Must not know: Tauri, any part.
 */
import { mount } from "svelte";
import { chooseBackend } from "./backend";
import { App } from "./state/app.svelte";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import SessionWindow from "./views/SessionWindow.svelte";

async function main(): Promise<void> {
  const target = document.getElementById("app");
  const session = new URLSearchParams(location.search).get("session");
  if (!target || !session) return;
  const app = new App(await chooseBackend(location.search), null, true);
  app.appearance.apply(document.documentElement);
  mount(SessionWindow, { target, props: { app, session } });
}

void main();
