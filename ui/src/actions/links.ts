/**
 * Opens a link outside the window after its scheme was checked.
 */
import { asFault, externalUrl, fault } from "../backend/api";
import type { App } from "../state/app.svelte";

export function openLink(app: App, href: string): void {
  const url = externalUrl(href);
  if (url === null) {
    app.toasts.show(fault("invalid", "Cannot open this link", "Only web and email links can be opened"));
    return;
  }
  app.backend.openExternal(url).catch((thrown: unknown) => app.toasts.show(asFault(thrown)));
}
