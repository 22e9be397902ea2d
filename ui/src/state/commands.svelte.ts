/**
 * Commands that may begin a prompt: Nightshift's own, and those of an agent.
 *
 * Must not know: the DOM, what a command does, where an agent's commands come from.
 */
import type { SlashCommand } from "../backend/api";
import type { Suggestion, Suggestions } from "../kit/suggestions";
import { best, replaced, tokenAt, type Token } from "./completion";
import { oneLine } from "./text";

/** A command and what it does, in a few words. */
export type CommandWord = { name: string; what: string };

/** Understood by the supervisor in every composer, whatever the agent. */
const OWN: readonly CommandWord[] = [
  { name: "goal", what: "Work until a condition holds" },
  { name: "loop", what: "Repeat: every 10m, or self-paced" },
  { name: "proactive", what: "The same as /loop" },
  { name: "tasks", what: "Background tasks and automation" },
  { name: "bashes", what: "The same as /tasks" },
];
/** Understood where sessions are started: it opens the form of a routine. */
export const SCHEDULE: readonly CommandWord[] = [
  { name: "schedule", what: "A routine: every weekday at 9, triage new issues" },
  { name: "routines", what: "The same as /schedule" },
];
/** As many as a glance takes in; typing narrows them. */
const SHOWN_MAX = 9;

/** What may begin a prompt for an agent that offers these. */
export function commandsOf(offered: readonly SlashCommand[], here: readonly CommandWord[] = []): CommandWord[] {
  const ours = [...OWN, ...here];
  const theirs = offered.map(({ name, description, hint }) => ({
    name,
    what: hint ? `${description} · ${hint}` : description,
  }));
  return [...ours, ...theirs.filter((word) => !ours.some((own) => own.name === word.name))];
}

/** The list of commands that fit the beginning of what is being written. */
export class CommandList implements Suggestions {
  readonly none = "";
  caret = $state(0);
  at = $state(0);
  moveTo = $state<number | null>(null);
  private dismissed = $state(false);

  private readonly token: Token | null = $derived.by(() => {
    const token = tokenAt(this.text(), this.caret);
    return token?.kind === "command" ? token : null;
  });
  readonly options: Suggestion[] = $derived.by(() => {
    const { token } = this;
    if (!token || this.dismissed) return [];
    return best(this.words(), token.query, (word) => [word.name], SHOWN_MAX).map((word) =>
      option(word, () => this.put(token, word.name)),
    );
  });

  constructor(
    private readonly text: () => string,
    private readonly edit: (text: string) => void,
    private readonly words: () => readonly CommandWord[],
  ) {}

  get open(): boolean {
    return this.options.length > 0;
  }

  /** Called when text or caret have changed. */
  moved(caret: number): void {
    this.caret = caret;
    this.at = 0;
    if (!this.token) this.dismissed = false;
  }

  step(by: -1 | 1): void {
    const count = this.options.length;
    if (count > 0) this.at = (this.at + by + count) % count;
  }

  choose(index = this.at): boolean {
    const option = this.options[index];
    option?.choose();
    this.at = 0;
    return option !== undefined;
  }

  close(): void {
    this.dismissed = true;
  }

  private put(token: Token, name: string): void {
    const { text, caret } = replaced(this.text(), token, `/${name} `);
    this.edit(text);
    this.caret = caret;
    this.moveTo = caret;
  }
}

export function option(word: CommandWord, choose: () => void): Suggestion {
  return {
    id: `command-${word.name}`,
    section: "Commands",
    icon: "command",
    title: `/${word.name}`,
    note: oneLine(word.what),
    choose,
  };
}
