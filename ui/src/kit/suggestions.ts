/**
 * What a prompt field offers at the caret: agents, commands, earlier prompts.
 *
 * Promise: types only. Must not know: where suggestions come from, what choosing one does.
 */
import type { IconName } from "./Icon.svelte";

export type Suggestion = {
  id: string;
  section: string;
  icon: IconName;
  title: string;
  note: string;
  choose: () => void;
};

/** A list that follows the text and the caret of one field. */
export interface Suggestions {
  readonly options: readonly Suggestion[];
  readonly open: boolean;
  /** Shown in place of the options when an open list has none. */
  readonly none: string;
  /** The option at hand. */
  at: number;
  readonly caret: number;
  /** Where the caret goes once the text has changed; the field takes it from here. */
  moveTo: number | null;
  /** Text or caret have changed. */
  moved(caret: number): void;
  step(by: -1 | 1): void;
  /** Chooses the option at hand; false when there is none. */
  choose(index?: number): boolean;
  close(): void;
}
