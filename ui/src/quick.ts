/**
 * Starts the quick window's page: no board, no panes, nothing that need be loaded for one prompt.
 *
 * Must not know: Tauri, any part.
 */
import { mount } from "svelte";
import { chooseBackend } from "./backend";
import { Appearance } from "./state/appearance.svelte";
import { Quick as QuickState } from "./state/quick.svelte";
import { Settings } from "./state/settings.svelte";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import QuickWindow from "./views/QuickWindow.svelte";

async function main(): Promise<void> {
  const target = document.getElementById("app");
  if (!target) return;
  const backend = await chooseBackend(location.search);
  const settings = new Settings(backend);
  const appearance = new Appearance(settings);
  appearance.apply(document.documentElement);
  mount(QuickWindow, {
    target,
    props: {
      quick: new QuickState(backend),
      settings,
      appearance,
      onShown: (on: () => void) => backend.onQuickShown(on),
    },
  });
}

void main();
