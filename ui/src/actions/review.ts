/**
 * The actions of a review: going through files and lines, and what is done with them.
 *
 * Promise: plain letters count only in a review, never where something is typed.
 * Must not know: components.
 */
import type { App } from "../state/app.svelte";
import type { Review } from "../state/review.svelte";
import type { Zone } from "../kit/keys";
import type { Action } from "./action";

const HERE: Zone[] = ["review", "diff"];
/** In the list of files, and in the lines of one. */
const FILES: Zone[] = ["review"];
const LINES: Zone[] = ["diff"];

function entry(
  id: string,
  title: string,
  keys: string[],
  run: (review: Review, app: App) => void,
  zones = HERE,
  keyOnly = false,
): Action {
  return {
    id: `review.${id}`,
    title,
    section: "Review",
    keys,
    zones,
    when: (app) => app.openReview !== null,
    run: (app) => {
      const review = app.openReview;
      if (review) run(review, app);
    },
    keyOnly,
    repeats: keyOnly && id !== "leave",
  };
}

/** The next row that is a line, from the one at hand on. */
function stepLine(review: Review, by: -1 | 1): void {
  const rows = review.shown?.rows ?? [];
  let at = review.row ?? (by > 0 ? -1 : rows.length);
  do at += by;
  while (rows[at] && rows[at]?.new === null && rows[at]?.old === null);
  if (rows[at]) review.row = at;
}

/** To the first line of the next or previous block of changes. */
function stepChange(review: Review, by: -1 | 1): void {
  const rows = review.shown?.rows ?? [];
  const changed = (index: number): boolean => rows[index]?.kind === "added" || rows[index]?.kind === "removed";
  let at = (review.row ?? -1) + by;
  while (at >= 0 && at < rows.length && !(changed(at) && !changed(at - 1))) at += by;
  if (at >= 0 && at < rows.length) review.row = at;
}

export const REVIEW: Action[] = [
  {
    id: "review.toggle",
    title: "Review the session's changes",
    section: "Review",
    keys: ["Ctrl+D"],
    zones: ["board", "button", "header", "pane", "composer", "review", "diff"],
    when: (app) => app.selection.view !== null,
    run: (app) => {
      const { view } = app.selection;
      if (view) app.navigation.toggleReview(view.id);
    },
  },
  entry("nextFile", "Next file", ["Down", "j"], (review) => review.step(1), FILES, true),
  entry("previousFile", "Previous file", ["Up", "k"], (review) => review.step(-1), FILES, true),
  entry("nextChange", "Next change in the file", ["n"], (review) => stepChange(review, 1), HERE, true),
  entry("previousChange", "Previous change in the file", ["p"], (review) => stepChange(review, -1), HERE, true),
  entry(
    "nextLine",
    "Next line, also from the file list",
    ["Shift+Down", "J"],
    (review) => stepLine(review, 1),
    HERE,
    true,
  ),
  entry(
    "previousLine",
    "Previous line, also from the file list",
    ["Shift+Up", "K"],
    (review) => stepLine(review, -1),
    HERE,
    true,
  ),
  entry("lineBelow", "Next line", ["Down", "j"], (review) => stepLine(review, 1), LINES, true),
  entry("lineAbove", "Previous line", ["Up", "k"], (review) => stepLine(review, -1), LINES, true),
  entry("comment", "Comment on the line", ["c"], (review) => {
    if (review.row === null) stepChange(review, 1);
    if (review.row !== null) review.comment(review.row);
  }),
  entry("send", "Send the comments to the agent", ["S"], (review, app) => {
    const view = app.openView;
    if (view) void review.send((text) => app.sessions.send(view, text));
  }),
  entry("stage", "Stage or unstage the file", ["a"], (review) => {
    if (review.file) review.toggleStaged(review.file);
  }),
  entry("commit", "Write the commit message", ["m"], (review) => {
    review.commitTurn += 1;
  }),
  entry("layout", "Unified or side by side", ["v"], (review) =>
    review.show(review.layout === "unified" ? "split" : "unified"),
  ),
  entry("refresh", "Refresh the changes", ["r"], (review) => void review.refresh()),
  entry(
    "leave",
    "Back to the session",
    ["Esc"],
    (_review, app) => {
      if (app.panes.current !== null) app.panes.review(app.panes.current, false);
    },
    HERE,
    true,
  ),
];
