//! Aliases of git that run nothing but git itself, looking or doing plain things.
//!
//! Promise: a list of what is harmless, and all else is asked about: a command that is not listed, an option that is
//! not, a word that is not plain. git splits an alias into words as a shell does, and runs the first as its own
//! command (git-config(1), "alias.*").

/// Commands that only look: any plain word may follow, and these options.
const LOOKING: &[&str] = &[
    "blame",
    "branch",
    "describe",
    "diff",
    "log",
    "ls-files",
    "rev-parse",
    "shortlog",
    "show",
    "status",
    "whatchanged",
];
/// Commands that do something, as the word alone says: no words may follow, but for options.
const DOING: &[&str] = &[
    "add",
    "checkout",
    "cherry-pick",
    "commit",
    "fetch",
    "merge",
    "pull",
    "push",
    "rebase",
    "restore",
    "stash",
    "switch",
    "tag",
];
/// Options of commands that look.
const LOOKS_HOW: &[&str] = &[
    "--abbrev-commit",
    "--all",
    "--author-date-order",
    "--branch",
    "--branches",
    "--cached",
    "--cc",
    "--color",
    "--color-words",
    "--date-order",
    "--decorate",
    "--first-parent",
    "--follow",
    "--full-history",
    "--graph",
    "--left-right",
    "--list",
    "--merged",
    "--merges",
    "--name-only",
    "--name-status",
    "--no-color",
    "--no-merged",
    "--no-merges",
    "--numstat",
    "--oneline",
    "--patch",
    "--pretty",
    "--porcelain",
    "--relative-date",
    "--remotes",
    "--reverse",
    "--short",
    "--shortstat",
    "--show-toplevel",
    "--staged",
    "--stat",
    "--summary",
    "--tags",
    "--topo-order",
    "--verbose",
    "--word-diff",
    "-a",
    "-b",
    "-p",
    "-r",
    "-s",
    "-sb",
    "-u",
    "-uno",
    "-v",
    "-vv",
];
/// As these, with a value behind the sign of equality.
const LOOKS_BY: &[&str] = &[
    "--author",
    "--color",
    "--date",
    "--decorate",
    "--format",
    "--grep",
    "--max-count",
    "--pretty",
    "--since",
    "--sort",
    "--until",
    "--word-diff",
];
/// Options of commands that do something. None of them takes a protection away or starts a program.
const DOES_HOW: &[&str] = &[
    "--all",
    "--amend",
    "--cached",
    "--ff-only",
    "--no-edit",
    "--patch",
    "--staged",
    "--verbose",
    "-A",
    "-a",
    "-b",
    "-c",
    "-p",
    "-s",
    "-u",
    "-v",
];
const VALUE_SIGNS: &str = " %_-+.,:;/()[]{}<>=@#*|~^";

/// Whether the alias may run something that is not git's own, or do what its name does not say.
pub fn runs(value: &str) -> bool {
    let Some(words) = words(value) else { return true };
    let Some((command, rest)) = words.split_first() else { return false };
    let (options, plain): (Vec<&String>, Vec<&String>) =
        rest.iter().partition(|word| word.starts_with('-'));
    let command = command.as_str();
    if LOOKING.contains(&command) {
        return !options.into_iter().all(|option| looks(option))
            || !plain.into_iter().all(|word| is_plain(word));
    }
    let does = options.into_iter().all(|option| DOES_HOW.contains(&option.as_str()));
    !DOING.contains(&command) || !does || !plain.is_empty()
}

fn looks(option: &str) -> bool {
    let digits = option.strip_prefix("-n").or_else(|| option.strip_prefix('-')).unwrap_or_default();
    let count = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let by = option.split_once('=').is_some_and(|(name, _)| LOOKS_BY.contains(&name));
    count || by || LOOKS_HOW.contains(&option)
}

/// A revision, a branch or a path.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./~^@{}".contains(c))
}

/// The words of an alias; none where it takes a shell, or more than plain quotes to read them.
fn words(value: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let (mut open, mut quote) = (false, None);
    for c in value.chars() {
        match (c, quote) {
            (c, Some(sign)) if c == sign => quote = None,
            ('\'' | '"', None) => {
                if !std::mem::replace(&mut open, true) {
                    words.push(String::new());
                }
                quote = Some(c);
            }
            (' ', None) => open = false,
            (c, _) if c.is_ascii_alphanumeric() || VALUE_SIGNS.contains(c) => {
                if !std::mem::replace(&mut open, true) {
                    words.push(String::new());
                }
                words.last_mut()?.push(c);
            }
            _ => return None,
        }
    }
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_alarms_an_alias_of_git_s_own_is_not_asked_about_and_its_neighbours_are() {
        for (value, neighbours) in [
            (
                "status",
                &["!status", "status; evil", "evil", "./status", "-c core.pager=evil status"][..],
            ),
            (
                "status -sb",
                &["status -c x", "--exec-path=. status", "status --evil", "status \\-sb"],
            ),
            (
                "log --oneline --graph",
                &["log --output=x", "log --ext-diff", "log --textconv", "log -O x"],
            ),
            (
                "log --graph --pretty=format:'%h %s' --date=short -20",
                &[
                    "log --pretty=format:'%h %s",
                    "log --pretty=`evil`",
                    "log --pretty=\"$(evil)\"",
                    "log -n",
                ],
            ),
            (
                "diff --cached HEAD~1",
                &["diff --output=.git/hooks/x HEAD", "difftool -x evil", "diff --ext-diff"],
            ),
            ("commit -a -v", &["commit --no-verify", "commit -n", "commit -F x", "commit -t x"]),
            (
                "checkout -b",
                &["checkout -f", "checkout .", "checkout -- .", "switch --discard-changes"],
            ),
            (
                "pull --ff-only",
                &["pull --upload-pack=evil", "fetch --upload-pack evil", "pull evil"],
            ),
            (
                "push -u",
                &["push --exec=evil", "push --force", "push --receive-pack=evil", "push origin"],
            ),
            ("rebase", &["rebase -x evil", "rebase --exec evil", "rebase -i", "bisect run evil"]),
            (
                "branch -vv",
                &[
                    "branch -D main",
                    "submodule foreach evil",
                    "grep -Oevil x",
                    "branch --edit-description",
                ],
            ),
            ("  show  --stat  ", &["show\t--stat\n!evil", "show --stat \u{202e}x", "help -w"]),
            ("", &["!", " !evil"]),
        ] {
            assert!(!runs(value), "{value}");
            for neighbour in neighbours {
                assert!(runs(neighbour), "{neighbour}");
            }
        }
    }
}
