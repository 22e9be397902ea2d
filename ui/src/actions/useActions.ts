/**
 * Actions as components use them: to run one, to name its keys, to list what the window offers.
 *
 * Must not know: components, what an action does.
 */
import { useApp } from "../state/stores";
import { openLink } from "./links";
import type { Action } from "./action";
import { ACTIONS, action, hintFor, isOffered, keysFor } from "./registry";

export type Actions = {
  run(id: string): void;
  /** The first key of an action as a person reads it, for tips; empty when it has none. */
  hint(id: string): string;
  /** The keys that are in force for an action; none where this window does not have it. */
  keys(entry: Action): readonly string[];
  /** What the palette lists now. */
  listed(): { entry: Action; key: string }[];
  openLink(href: string): void;
};

export function useActions(): Actions {
  const app = useApp();
  return {
    run: (id) => action(id).run(app),
    hint: (id) => hintFor(app, id),
    keys: (entry) => (isOffered(entry, app) ? keysFor(app, entry) : []),
    listed: () =>
      ACTIONS.filter((entry) => !entry.keyOnly && isOffered(entry, app) && entry.when(app)).map((entry) => ({
        entry,
        key: keysFor(app, entry)[0] ?? "",
      })),
    openLink: (href) => openLink(app, href),
  };
}
