/**
 * What the dispatch input offers: what fits at the caret, or earlier prompts.
 *
 * Promise: nothing is sent or lost by looking; what was chosen leaves no trace of the sign that
 * opened the list. Must not know: the DOM.
 */
import type { Place, SessionView } from "../backend/api";
import type { Suggestion, Suggestions } from "../kit/suggestions";
import type { Board } from "./board.svelte";
import { option, type CommandWord } from "./commands.svelte";
import { best, replaced, tokenAt, type Token } from "./completion";
import type { Dispatch } from "./dispatch.svelte";
import { pullRequestsOf } from "./pullRequests";
import { baseName, shortPath } from "./paths";
import { stateWord } from "./phase";
import { displayName } from "./session";
import { oneLine } from "./text";

/** As many as a glance takes in; typing narrows them. */
const SHOWN_MAX = 9;

export class Completions implements Suggestions {
  readonly none = "No matching prompts.";
  caret = $state(0);
  at = $state(0);
  /** Earlier prompts are being searched; the draft is what is looked for. */
  searching = $state(false);
  /** Where the caret shall go once the text has changed. */
  moveTo = $state<number | null>(null);
  private dismissed = $state("");

  readonly token: Token | null = $derived.by(() => tokenAt(this.dispatch.draft, this.caret));
  readonly options: Suggestion[] = $derived.by(() => {
    if (this.searching) return this.earlier();
    const { token } = this;
    if (!token || this.dismissed === this.spot(token)) return [];
    if (token.kind === "mention") return [...this.agents(token), ...this.repositories(token)].slice(0, SHOWN_MAX);
    return token.kind === "command" ? this.words(token) : this.pulls(token);
  });

  constructor(
    private readonly dispatch: Dispatch,
    private readonly board: Board,
    private readonly goTo: (view: SessionView) => void,
    private readonly commands: () => readonly CommandWord[],
  ) {}

  get open(): boolean {
    return this.searching || this.options.length > 0;
  }

  /** Called when text or caret have changed. */
  moved(caret: number): void {
    const before = this.token?.kind;
    this.caret = caret;
    this.at = 0;
    if (this.token?.kind === "mention" && before !== "mention") void this.dispatch.loadPlaces();
    if (!this.token) this.dismissed = "";
  }

  step(by: -1 | 1): void {
    const count = this.options.length;
    if (count > 0) this.at = (this.at + by + count) % count;
  }

  search(): void {
    this.searching = true;
    this.at = 0;
  }

  /** Chooses the option at hand; false when there is none. */
  choose(index = this.at): boolean {
    const option = this.options[index];
    if (!option) return false;
    option.choose();
    this.searching = false;
    this.at = 0;
    return true;
  }

  close(): void {
    this.searching = false;
    if (this.token) this.dismissed = this.spot(this.token);
  }

  private spot(token: Token): string {
    return `${token.kind} ${token.from}`;
  }

  private put(token: Token, by: string): void {
    const { text, caret } = replaced(this.dispatch.draft, token, by);
    this.dispatch.edit(text);
    this.caret = caret;
    this.moveTo = caret;
  }

  private agents(token: Token): Suggestion[] {
    const { agents } = this.dispatch;
    return best(agents, token.query, (agent) => [agent.id, agent.title], SHOWN_MAX)
      .filter((agent) => agent.installed)
      .map((agent) => ({
        id: `agent-${agent.id}`,
        section: "Agents",
        icon: "spark",
        title: agent.title,
        note: [agent.version, agent.signedIn === false ? "not signed in" : ""].filter(Boolean).join(" · "),
        choose: () => {
          this.dispatch.agentId = agent.id;
          this.put(token, "");
        },
      }));
  }

  private repositories(token: Token): Suggestion[] {
    const { home } = this.dispatch.defaults;
    const known = new Map<string, Place>(this.dispatch.places.map((place) => [place.path, place]));
    for (const view of this.board.shown) {
      if (!known.has(view.cwd)) known.set(view.cwd, { path: view.cwd, kind: "repository", branch: null });
    }
    return best(
      [...known.values()],
      token.query,
      (place) => [baseName(place.path), place.branch ?? "", ...(token.query.includes("/") ? [place.path] : [])],
      SHOWN_MAX,
    ).map((place) => ({
      id: `place-${place.path}`,
      section: "Repositories and worktrees",
      icon: place.kind === "worktree" ? "split" : "folder",
      title: oneLine(baseName(place.path)),
      note: [oneLine(shortPath(place.path, home)), place.branch ? oneLine(place.branch) : ""]
        .filter(Boolean)
        .join(" · "),
      choose: () => {
        this.put(token, "");
        this.dispatch.chooseCwd(place.path);
      },
    }));
  }

  private words(token: Token): Suggestion[] {
    return best(this.commands(), token.query, (word) => [word.name], SHOWN_MAX).map((word) =>
      option(word, () => this.put(token, `/${word.name} `)),
    );
  }

  private pulls(token: Token): Suggestion[] {
    const all = this.board.shown.flatMap((view) => pullRequestsOf(view).map((pull) => ({ view, pull })));
    return best(all, token.query, ({ pull }) => [String(pull.number)], SHOWN_MAX).map(({ view, pull }) => ({
      id: `pull-${view.id}-${pull.number}`,
      section: "Pull requests",
      icon: "diff",
      title: `#${pull.number} ${displayName(view)}`,
      note: stateWord(view.state.type),
      choose: () => {
        this.put(token, "");
        this.goTo(view);
      },
    }));
  }

  private earlier(): Suggestion[] {
    const words = this.dispatch.draft.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (text: string) => words.every((word) => text.toLowerCase().includes(word));
    return this.dispatch.history
      .toReversed()
      .filter(fits)
      .slice(0, SHOWN_MAX)
      .map((text) => ({
        id: `history-${text}`,
        section: "Earlier prompts",
        icon: text.trimStart().startsWith("!") ? "command" : "spark",
        title: oneLine(text.split("\n")[0] ?? ""),
        note: text.includes("\n") ? `${text.split("\n").length} lines` : "",
        choose: () => {
          this.dispatch.edit(text);
          this.caret = text.length;
          this.moveTo = text.length;
        },
      }));
  }
}
