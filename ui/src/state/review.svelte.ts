/**
 * The review of one session: what changed, what is looked at, what is said of it, what is done.
 *
 * Promise: a failed act changes nothing here and says so; comments outlive panes and restarts until
 * they are sent; pages of two different diffs are never mixed.
 * Must not know: the DOM, Tauri.
 */
import { asFault, fault } from "../backend/api";
import type {
  Backend,
  ChangedFile,
  Changes,
  DiffRow,
  Fault,
  LeftOut,
  Picture,
  ReviewAct,
  ReviewResult,
} from "../backend/api";
import { type Comment, isComments, keyOf, message } from "./comments";
import { recall, remember } from "./storage";

export type Layout = "unified" | "split";
const isLayout = (value: unknown): value is Layout => value === "unified" || value === "split";

/** Beginnings of one file's pages while it is being written, before that is said. */
const TRIES = 3;

/** What is shown of the file that is looked at. */
export type Shown = {
  path: string;
  rows: DiffRow[];
  total: number;
  note: string;
  pictures: { before: Picture | null; after: Picture | null } | null;
  /** Nothing more is on its way. */
  complete: boolean;
  fault: Fault | null;
};

/** What an act came to, until it is dismissed or another one ends. */
export type Outcome = {
  tone: "good" | "conflict";
  text: string;
  url?: string;
  /** Takes a discard back. */
  undo?: { rescue: string; paths: string[] };
  /** Words that hand conflicts to the agent. */
  ask?: string;
};

const EMPTY: Omit<Shown, "path"> = { rows: [], total: 0, note: "", pictures: null, complete: false, fault: null };

export class Review {
  changes = $state.raw<Changes | null>(null);
  fault = $state.raw<Fault | null>(null);
  path = $state<string | null>(null);
  shown = $state.raw<Shown | null>(null);
  /** Row of the diff that a comment would be about. */
  row = $state<number | null>(null);
  layout = $state<Layout>(recall("review.layout", "unified", isLayout));
  comments = $state.raw<Comment[]>([]);
  /** Where a comment is being written. */
  writing = $state<string | null>(null);
  draft = $state("");
  commitMessage = $state("");
  /** The act that is under way. */
  busy = $state<ReviewAct["type"] | "send" | null>(null);
  outcome = $state.raw<Outcome | null>(null);
  /** Why the last act did not happen. */
  refused = $state.raw<Fault | null>(null);
  /** Moves whenever the commit message shall take the keyboard. */
  commitTurn = $state(0);

  private opened = 0;
  private asked = 0;
  /** The line that is being commented on, as it was when that began: rows move with a newer diff. */
  private about: { path: string; row: DiffRow } | null = null;
  private drafted = "";

  constructor(
    private readonly backend: Backend,
    readonly session: string,
  ) {
    this.comments = recall(`comments.${session}`, [], isComments);
  }

  get file(): ChangedFile | null {
    return this.changes?.files.find((file) => file.path === this.path) ?? null;
  }

  async refresh(): Promise<void> {
    this.asked += 1;
    const turn = this.asked;
    try {
      const result = await this.ask({ type: "changes" });
      // A later look knows more than this one, whichever answer came first.
      if (turn !== this.asked || result.type !== "changes") return;
      const { changes } = result;
      this.changes = changes;
      this.fault = null;
      // What a person has written stays.
      if (this.commitMessage === this.drafted) this.commitMessage = changes.draft;
      this.drafted = changes.draft;
      const known = changes.files.some((file) => file.path === this.path);
      await this.open(known ? this.path : (changes.files[0]?.path ?? null));
    } catch (thrown) {
      if (turn !== this.asked) return;
      this.fault = asFault(thrown);
      // Beside what was read before, unless an act has more to say.
      if (this.changes) this.refused ??= this.fault;
    }
  }

  /** To the file above or below the one that is looked at. */
  step(by: -1 | 1): void {
    const files = this.changes?.files ?? [];
    const at = files.findIndex((file) => file.path === this.path);
    const next = files[Math.max(0, Math.min(files.length - 1, at + by))];
    if (next && next.path !== this.path) void this.open(next.path);
  }

  async open(path: string | null): Promise<void> {
    this.opened += 1;
    const turn = this.opened;
    const same = this.path === path;
    if (!same) {
      // What was begun about the file before is a comment on it.
      this.keep();
      this.row = null;
    }
    this.path = path;
    const file = this.file;
    if (!file) {
      this.shown = null;
      return;
    }
    // The same file is shown until its newer diff is there.
    if (!same) this.shown = { ...EMPTY, path: file.path };
    try {
      if (file.unnameable) throw fault("refused", "the file name is not UTF-8", "view this file with git");
      if (file.content === "image") await this.loadPictures(file, turn);
      else await this.loadRows(file, turn);
    } catch (thrown) {
      if (turn === this.opened) this.shown = { ...EMPTY, path: file.path, complete: true, fault: asFault(thrown) };
    }
  }

  private async loadPictures(file: ChangedFile, turn: number): Promise<void> {
    const result = await this.ask({ type: "image", path: file.path, oldPath: file.oldPath });
    if (turn !== this.opened || result.type !== "image") return;
    const { before, after } = result;
    this.shown = { ...EMPTY, path: file.path, pictures: { before, after }, complete: true };
  }

  private async loadRows(file: ChangedFile, turn: number): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      let rows: DiffRow[] = [];
      let version: number | null = null;
      for (;;) {
        const result = await this.ask({ type: "file", path: file.path, oldPath: file.oldPath, from: rows.length });
        if (turn !== this.opened || result.type !== "file") return;
        const { page } = result;
        if (version !== null && page.version !== version) break;
        version = page.version;
        rows = rows.length === 0 ? page.rows : rows.concat(page.rows);
        const complete = rows.length >= page.total || page.rows.length === 0;
        this.shown = { ...EMPTY, path: file.path, rows, total: page.total, note: page.note, complete };
        if (complete) return;
      }
    }
    throw fault("refused", `${file.path} changes faster than it can be read`, "refresh when the agent is done");
  }

  show(layout: Layout): void {
    this.layout = layout;
    remember("review.layout", layout);
  }

  /** Begins a comment on a row, or goes on with one. */
  comment(index: number): void {
    const row = this.shown?.rows[index];
    const key = row && this.path !== null ? keyOf(this.path, row) : null;
    if (!row || key === null || key === this.writing) return;
    this.keep();
    this.row = index;
    this.draft = this.comments.find((known) => known.key === key)?.text ?? "";
    this.about = { path: this.path ?? "", row };
    this.writing = key;
  }

  keep(): void {
    const { about, writing: key } = this;
    this.writing = null;
    if (key === null || about === null) return;
    const { path, row } = about;
    const text = this.draft.trim();
    const others = this.comments.filter((known) => known.key !== key);
    const line = row.new ?? row.old ?? 0;
    const comment = { key, path, line, side: row.new === null ? "old" : "new", quote: row.text, text } as const;
    this.note(text === "" ? others : [...others, comment]);
  }

  drop(key: string): void {
    this.note(this.comments.filter((known) => known.key !== key));
  }

  private note(comments: Comment[]): void {
    this.comments = comments;
    remember(`comments.${this.session}`, comments);
  }

  /** All comments as one message; `say` is the way every reply goes. */
  async send(say: (text: string) => Promise<boolean>): Promise<void> {
    if (this.busy || this.comments.length === 0) return;
    const { comments } = this;
    this.busy = "send";
    const sent = await say(message(comments));
    this.busy = null;
    if (!sent) return;
    this.note(this.comments.filter((known) => !comments.includes(known)));
    this.outcome = { tone: "good", text: `${count(comments.length, "comment")} sent to the agent` };
  }

  async act(act: ReviewAct): Promise<void> {
    if (this.busy) return;
    this.busy = act.type;
    this.refused = null;
    try {
      const result = await this.ask(act);
      this.outcome = outcomeOf(result) ?? (act.type === "restore" ? { tone: "good", text: "Restored" } : null);
      if (result.type === "committed") this.commitMessage = this.drafted;
    } catch (thrown) {
      this.refused = asFault(thrown);
    }
    // Until what is shown is true again, nothing else is begun.
    await this.refresh();
    this.busy = null;
  }

  toggleStaged(file: ChangedFile): void {
    if (file.staging === "committed" || file.unnameable) return;
    void this.act({ type: file.staging === "staged" ? "unstage" : "stage", paths: file.parts });
  }

  private async ask(act: ReviewAct): Promise<ReviewResult> {
    return this.backend.review(this.session, act);
  }
}

export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

/** Files named in one line. */
const NAMED = 3;

function leftOut(files: readonly LeftOut[]): string {
  if (files.length === 0) return "";
  const named = files.slice(0, NAMED).map(({ path, why }) => `${path} (${why})`);
  const more = files.length > NAMED ? `, and ${files.length - NAMED} more` : "";
  return `. Left unchanged: ${named.join(", ")}${more}`;
}

function outcomeOf(result: ReviewResult): Outcome | null {
  switch (result.type) {
    case "discarded":
      return {
        tone: "good",
        text: `Discarded ${count(result.paths.length, "file")}${leftOut(result.leftOut)}`,
        undo: { rescue: result.rescue, paths: result.paths },
      };
    case "committed":
      return {
        tone: "good",
        text: `Committed ${result.commit.slice(0, 10)}: ${result.subject}${leftOut(result.leftOut)}`,
      };
    case "pushed":
      return { tone: "good", text: `Pushed ${result.branch} to ${result.remote}` };
    case "rebased":
      return { tone: "good", text: `Rebased onto ${result.onto}` };
    case "merged":
      return { tone: "good", text: `Merged into ${result.into}` };
    case "conflicts": {
      const note = result.note === "" ? "" : ` Note: ${result.note}.`;
      return {
        tone: "conflict",
        text: `Conflicts with ${result.with} in ${result.files.join(", ")}. Nothing was changed.${note}`,
        ask: result.message,
      };
    }
    case "pull_request": {
      const word = {
        opened: "Pull request opened",
        existing: "A pull request already exists",
        by_hand: "Pushed; open the pull request on its page",
      }[result.state];
      const text = result.note ? `${word} (${result.note})` : word;
      return result.url === null ? { tone: "good", text } : { tone: "good", text, url: result.url };
    }
    case "changes":
    case "file":
    case "image":
    case "done":
      return null;
  }
}
