/**
 * How a component gets the stores it uses: by name, and no others.
 *
 * Promise: what is not named cannot be reached, and the first lines of a component say what it depends on.
 * Must not know: what any store does.
 */
import { getContext, setContext } from "svelte";
import type { App } from "./app.svelte";

const KEY = Symbol("app");

/** Every store, and the backend for what no store holds. */
export type Stores = Omit<App, "openView" | "openReview">;

export const provideApp = (app: App): App => setContext(KEY, app);

export function useStores<Name extends keyof Stores>(...names: Name[]): Pick<Stores, Name> {
  const stores = getContext<Stores>(KEY);
  return Object.fromEntries(names.map((name) => [name, stores[name]])) as Pick<Stores, Name>;
}

/** All of them, for actions: whatever an action does, it is one of its window. */
export const useApp = (): App => getContext<App>(KEY);
