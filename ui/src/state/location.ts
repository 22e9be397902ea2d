/**
 * Where a session works: directory, worktree, branch.
 *
 * Promise: pure. Must not know: git, the file system.
 */
import type { SessionView } from "../backend/api";
import { shortPath } from "./paths";
import { oneLine } from "./text";

/** Files named in one line; the command line lists them all. */
const NAMED_FILES = 3;

/** Where a session works: `~/code/atlas · worktree-flaky-sync-test`. */
export function locationText(view: SessionView, home: string): string {
  const place = oneLine(shortPath(view.cwd, home));
  if (view.lodging?.type !== "worktree") return place;
  const branch = oneLine(view.lodging.branch);
  return `${place} · ${view.lodging.settingUp ? `${branch}, setting up` : branch}`;
}

/** The same in full sentences: the worktree and what it lacks, or why there is none. */
export function locationDetails(view: SessionView): string {
  if (view.lodging?.type === "worktree") return view.lodging.disclosure;
  return view.lodging?.type === "directory" ? view.lodging.text : "";
}

/** The branch of a session's own worktree, without what all of them begin with; empty without one. */
export function ownBranch(view: SessionView): string {
  return view.lodging?.type === "worktree" ? oneLine(view.lodging.branch).replace(/^worktree-/, "") : "";
}

/** Files of the main checkout that changed while the session worked elsewhere; empty when none did. */
export function strayChanges(view: SessionView): string {
  const files = view.lodging?.type === "worktree" ? view.lodging.changedMeanwhile : [];
  const named = files.slice(0, NAMED_FILES).map(oneLine).join(", ");
  return files.length > NAMED_FILES ? `${named} and ${files.length - NAMED_FILES} more` : named;
}
