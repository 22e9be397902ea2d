/**
 * What a reader has opened or closed in a conversation; it outlives what is rendered of it.
 *
 * Must not know: what folds.
 */
import { getContext, setContext } from "svelte";

export type Folds = Map<string, boolean>;

const KEY = Symbol("folds");

export const provideFolds = (): Folds => setContext<Folds>(KEY, new Map());
export const useFolds = (): Folds | undefined => getContext<Folds | undefined>(KEY);
