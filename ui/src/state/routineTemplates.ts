/**
 * Routines to begin with: each has a prompt, a time and a condition by which its outcome is judged.
 *
 * Promise: none does more than its prompt says; the form shows all of it before anything is written.
 */
import type { RoutineForm } from "../backend/api";

export type Template = {
  id: string;
  title: string;
  what: string;
  /** As it would be typed into the form. */
  schedule: string;
  form: Partial<RoutineForm>;
};

export const TEMPLATES: readonly Template[] = [
  {
    id: "nightly-triage",
    title: "Nightly triage",
    what: "Reads what failed overnight and says why.",
    schedule: "every weekday at 7:00",
    form: {
      description: "Why did the night fail?",
      prompt:
        "Look at what failed since yesterday evening: the last test runs, the newest issues and the log of the main branch. For each failure say in one paragraph what broke, since which commit, and who could mend it. Change nothing.",
      goal: "each failure of the night is named with its cause, or it is said that nothing failed",
      notify: "always",
    },
  },
  {
    id: "dependency-update",
    title: "Dependency update",
    what: "Updates dependencies and runs the tests.",
    schedule: "every monday at 6:00",
    form: {
      description: "Dependencies up to date",
      prompt:
        "Update the dependencies of this repository to their newest compatible versions. Run the tests. Where an update breaks something and the repair is small, make it; else take that update back. Commit what passes, with one line for each updated dependency.",
      goal: "the tests pass with the updated dependencies, or it is said which updates were taken back and why",
      overlap: "skip",
    },
  },
  {
    id: "flaky-test-hunt",
    title: "Flaky-test hunt",
    what: "Runs the tests many times and finds the unstable ones.",
    schedule: "every night at 2:00",
    form: {
      description: "Tests that fail now and then",
      prompt:
        "Run the test suite ten times. List the tests that did not end the same each time, with the output of a failed run. For the worst one find the cause and mend it; do not add retries or longer waits.",
      goal: "the unstable tests are listed, and the cause of the worst one is named",
      deadline: "4h",
    },
  },
  {
    id: "release-notes",
    title: "Release notes",
    what: "Drafts the notes from what was merged.",
    schedule: "every friday at 15:00",
    form: {
      description: "Draft of the release notes",
      prompt:
        "Read what was merged since the last tag. Write a draft of the release notes for users: what is new, what changed, what was mended, each in one sentence and in their words. Leave out what they cannot notice. Put it into CHANGELOG.md under Unreleased.",
      goal: "CHANGELOG.md names what users can notice of the changes since the last tag",
    },
  },
  {
    id: "review-pull-requests",
    title: "Review new pull requests",
    what: "Looks at open pull requests that nobody has reviewed.",
    schedule: "every 2 hours",
    form: {
      description: "A first look at new pull requests",
      prompt:
        "List the open pull requests of this repository that have no review yet. For each read the changes and say: what it does, what could go wrong, what is not tested. Do not approve and do not merge.",
      goal: "each open pull request without a review has been looked at, or there was none",
      precheck: "gh pr list --search 'review:none' --json number --jq 'length > 0' | grep -q true",
    },
  },
  {
    id: "morning-digest",
    title: "Morning digest",
    what: "What happened yesterday, on one page.",
    schedule: "every weekday at 8:30",
    form: {
      description: "Yesterday on one page",
      prompt:
        "Write a digest of yesterday in this repository: what was merged, which issues were opened and closed, what is blocked. At most one page, the most important first. Change nothing.",
      goal: "there is a digest of at most one page",
      notify: "always",
    },
  },
];
