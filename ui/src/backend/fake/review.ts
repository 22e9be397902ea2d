/**
 * A simulated checkout: files, diffs and acts on them.
 *
 * Promise: each status, each kind of content, 50,000 lines, and names that are hostile are present;
 * acts change what is seen next. Must not know: views.
 */
import { fault } from "../api";
import type {
  ChangedFile,
  Changes,
  DiffRow,
  FilePage,
  ReviewAct,
  ReviewResult,
  RowKind,
  SessionView,
  Span,
} from "../api";

/** Lines of the generated file: the size that the window must bear. */
const LONG = 50_000;
const PAGE_ROWS = 4_000;
const HEAD = "9b1e2f6d8a90c3e14d7a5c1e2f6d8a90c3e14d7a";
const RESCUE = "refs/nightshift/rescue/fake-1";

const BEFORE_PNG =
  "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGklEQVR4nGNkYPjPQApgIkn1qIZRDUNKAwB4xgEfYbYUUAAAAABJRU5ErkJggg==";

const SOURCE = `@@ -12,9 +12,12 @@ impl Limits {
     /// Attempts that one address has left.
     pub fn left(&self, address: &Address) -> u32 {
         let used = self.used.get(address).copied().unwrap_or(0);
-        MAX_ATTEMPTS - used
+        MAX_ATTEMPTS.saturating_sub(used)
     }
 
-    pub fn record(&mut self, address: Address) {
-        *self.used.entry(address).or_insert(0) += 1;
+    /// Counts an attempt; true when it was one too many.
+    pub fn record(&mut self, address: Address) -> bool {
+        let used = self.used.entry(address).or_insert(0);
+        *used += 1;
+        *used > MAX_ATTEMPTS
     }
 }
@@ -48,4 +51,4 @@ mod tests {
     #[test]
     fn the_sixth_attempt_is_refused() {
-        let mut limits = Limits::new(5);
+        let mut limits = Limits::with(5, Duration::from_secs(60));
     }`;

const MODULE = `@@ -1,4 +1,5 @@
 //! Signing in.
 
+mod clock;
 mod limits;
 mod session;`;

/** Words that differ between two lines, roughly: from the first to the last other character. */
function marks(old: string, now: string): [Span[], Span[]] {
  let from = 0;
  while (from < Math.min(old.length, now.length) && old[from] === now[from]) from += 1;
  let tail = 0;
  while (tail < Math.min(old.length, now.length) - from && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const cut = (text: string): Span[] => (text.length - tail > from ? [{ from, to: text.length - tail }] : []);
  return [cut(old), cut(now)];
}

/** Rows of a patch as git prints it. */
function rowsOf(patch: string): DiffRow[] {
  let old = 0;
  let now = 0;
  const rows = patch.split("\n").map((line): DiffRow => {
    const text = line.slice(1);
    const row = (kind: RowKind, before: number | null, after: number | null): DiffRow => ({
      kind,
      old: before,
      new: after,
      text,
      marks: [],
    });
    const head = /^@@ -(\d+).* \+(\d+)/.exec(line);
    if (head) {
      old = Number(head[1]);
      now = Number(head[2]);
      return { ...row("hunk", null, null), text: line };
    }
    if (line.startsWith("-")) return row("removed", old++, null);
    if (line.startsWith("+")) return row("added", null, now++);
    return row("same", old++, now++);
  });
  rows.forEach((row, index) => {
    const next = rows[index + 1];
    if (row.kind !== "removed" || next?.kind !== "added") return;
    [row.marks, next.marks] = marks(row.text, next.text);
  });
  return rows;
}

function longRows(): DiffRow[] {
  const rows: DiffRow[] = [{ kind: "hunk", old: null, new: null, text: `@@ -0,0 +1,${LONG} @@`, marks: [] }];
  for (let line = 1; line <= LONG; line += 1) {
    rows.push({
      kind: "added",
      old: null,
      new: line,
      text: `INSERT INTO towns VALUES (${line}, 'town ${line}');`,
      marks: [],
    });
  }
  return rows;
}

function file(path: string, part: Partial<ChangedFile>): ChangedFile {
  return {
    path,
    oldPath: null,
    parts: [path],
    status: "modified",
    content: "text",
    added: 0,
    removed: 0,
    staging: "unstaged",
    mode: null,
    unnameable: false,
    ...part,
  };
}

const FILES: ChangedFile[] = [
  file("src/auth/limits.rs", { added: 8, removed: 4 }),
  file("src/auth/mod.rs", { added: 1, staging: "staged" }),
  file("assets/logo.png", { content: "image", added: null, removed: null }),
  file("assets/towns.db", { content: "binary", added: null, removed: null, status: "added", staging: "committed" }),
  file("docs/sign-in.md", { oldPath: "docs/login.md", status: "renamed", staging: "committed" }),
  file("migrations/0007-towns.sql", { status: "untracked", added: LONG }),
  file("scripts/seed.sh", { mode: "100644 → 100755", staging: "partly" }),
  file("src/auth/old_limits.rs", { status: "deleted", removed: 1, staging: "committed" }),
  file('tests/<img src=x onerror="window.__pwned=1">.rs', { status: "untracked", added: 2 }),
];

const ROWS = new Map<string, () => DiffRow[]>([
  ["src/auth/limits.rs", () => rowsOf(SOURCE)],
  ["src/auth/mod.rs", () => rowsOf(MODULE)],
  ["migrations/0007-towns.sql", longRows],
  ["src/auth/old_limits.rs", () => rowsOf("@@ -1 +0,0 @@\n-pub const MAX: u32 = 5;")],
  [FILES[8]?.path ?? "", () => rowsOf('@@ -0,0 +1,2 @@\n+<script>window.__pwned=1</script>\n+let a = "\u202e";')],
]);

const NOTES = new Map([
  ["assets/towns.db", "a binary file"],
  ["docs/sign-in.md", "renamed, not changed"],
  ["scripts/seed.sh", "only its mode changed: 100644 → 100755"],
]);

export class FakeReview {
  private files: ChangedFile[];
  private discarded: ChangedFile[] = [];
  private commits = [{ commit: HEAD, subject: "keep the old page's address" }];
  private merged = false;

  constructor(private readonly session: SessionView) {
    this.files = session.name === "rename the crate" ? [] : structuredClone(FILES);
  }

  async act(act: ReviewAct): Promise<ReviewResult> {
    const { session } = this;
    if (session.name === "draft the changelog") {
      throw fault(
        "refused",
        `${session.cwd} is not in a checkout of a git repository`,
        "there is nothing to compare with; run `git init` to begin",
      );
    }
    switch (act.type) {
      case "changes":
        return { type: "changes", changes: this.changes() };
      case "file":
        return { type: "file", page: page(act.path, act.from) };
      case "image":
        return { type: "image", before: picture(BEFORE_PNG), after: picture(BEFORE_PNG) };
      case "stage":
      case "unstage":
        for (const known of this.named(act.paths)) known.staging = act.type === "stage" ? "staged" : "unstaged";
        return { type: "done" };
      case "discard":
        return this.discard(act.paths);
      case "restore":
        this.files = [...this.files, ...this.discarded].sort((a, b) => (a.path < b.path ? -1 : 1));
        this.discarded = [];
        return { type: "done" };
      case "commit":
        return this.commit(act.message, act.all, act.amend);
      case "push":
        return { type: "pushed", remote: "origin", branch: "tighten-login-limits" };
      case "pull_request":
        return { type: "pull_request", url: "https://github.com/ada/atlas/pull/42", state: "opened", note: "" };
      case "rebase":
        return { type: "rebased", onto: "main", commit: HEAD };
      case "merge":
        return this.merge();
    }
  }

  private changes(): Changes {
    const { files } = this;
    const sum = (of: (known: ChangedFile) => number | null) => files.reduce((all, known) => all + (of(known) ?? 0), 0);
    const open = files.filter((known) => known.staging !== "committed");
    const clean = files.length === 0;
    return {
      root: this.session.cwd,
      branch: "tighten-login-limits",
      base: { commit: HEAD, label: "main", target: "main" },
      commits: clean ? [] : structuredClone(this.commits),
      ahead: clean || this.merged ? 0 : this.commits.length,
      behind: clean || this.merged ? 0 : 3,
      files: structuredClone(files),
      more: 0,
      added: sum((known) => known.added),
      removed: sum((known) => known.removed),
      staged: open.filter((known) => known.staging !== "unstaged").length,
      uncommitted: open.length,
      draft: `${this.session.name}\n\nAttempts are counted per address and run out after a minute.`,
    };
  }

  private named(paths: string[]): ChangedFile[] {
    return this.files.filter((known) => paths.includes(known.path));
  }

  private discard(paths: string[]): ReviewResult {
    const all = this.files.filter((known) => known.staging !== "committed");
    this.discarded = paths.length === 0 ? all : this.named(paths);
    this.files = this.files.filter((known) => !this.discarded.includes(known));
    return { type: "discarded", rescue: RESCUE, paths: this.discarded.map((known) => known.path), leftOut: [] };
  }

  private commit(message: string, all: boolean, amend: boolean): ReviewResult {
    const subject = message.split("\n")[0] ?? "";
    if (subject.includes("hook"))
      throw fault(
        "io",
        "git commit: exit code 1: format the code first",
        "mend what git or its hook says, then commit again",
      );
    for (const known of this.files) {
      if (all || known.staging === "staged") known.staging = "committed";
      else if (known.staging === "partly") known.staging = "unstaged";
    }
    const commit = HEAD.replace("9", String(this.commits.length));
    if (amend) this.commits[0] = { commit, subject };
    else this.commits.unshift({ commit, subject });
    return { type: "committed", commit, subject, leftOut: [] };
  }

  private merge(): ReviewResult {
    if (this.files.some((known) => known.staging !== "committed")) {
      throw fault(
        "refused",
        `${this.session.cwd} has uncommitted changes; a merge takes only commits`,
        "commit or discard them first",
      );
    }
    if (this.session.name === "flaky sync test") {
      return {
        type: "conflicts",
        with: "main",
        files: ["src/auth/limits.rs"],
        message:
          "Merging into main conflicts in:\n- src/auth/limits.rs\n\nPlease rebase onto main and resolve the conflicts.",
        note: "",
      };
    }
    this.merged = true;
    this.files = [];
    return { type: "merged", into: "main", commit: HEAD };
  }
}

function page(path: string, from: number): FilePage {
  const rows = ROWS.get(path)?.() ?? [];
  return {
    rows: rows.slice(from, from + PAGE_ROWS),
    from,
    total: rows.length,
    version: 1,
    note: NOTES.get(path) ?? "",
  };
}

function picture(data: string): { mime: string; data: string; bytes: number } {
  return { mime: "image/png", data, bytes: atob(data).length };
}
