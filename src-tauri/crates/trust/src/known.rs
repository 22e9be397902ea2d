//! What a repository sets and what runs by it is known all the same: programs of everybody's by their bare name, hooks
//! as Git LFS writes them, files of the user's own that are not there.
//!
//! Promise: exactly these, and nothing that only looks like one of them; who could have made it is asked first.

use crate::outside::Inside;
use std::path::{Component, Path, PathBuf};

/// Settings whose value is a program that shows or edits a text.
const SHOWS_OR_EDITS: &[&str] = &["core.pager", "core.editor", "sequence.editor"];
const PAGERS_AND_EDITORS: &[&str] = &["less", "more", "cat", "vim", "vi", "nvim", "nano", "emacs"];

/// The well-known program that the setting names, as it is found in everybody's PATH. Whether the repository has
/// a file of that name is for its caller to see.
pub fn program<'a>(lower: &str, value: &'a str) -> Option<&'a str> {
    let fits = SHOWS_OR_EDITS.contains(&lower) || lower.starts_with("pager.");
    (fits && PAGERS_AND_EDITORS.contains(&value)).then_some(value)
}

const LFS_HOOKS: &[&str] = &["pre-push", "post-checkout", "post-commit", "post-merge"];
/// What stands around the words of Git LFS (`git lfs install`, versions 2 and 3), where `{}` is the hook's name.
const LFS_SAYS: &str = "This repository is configured for Git LFS but 'git-lfs' was not found on your path. \
                        If you no longer wish to use Git LFS, remove this hook by deleting ";
const LFS_ENDS: &[(&str, &str, &str)] = &[
    (
        r#"printf >&2 "\n%s\n\n" ""#,
        "the '{}' file in the hooks directory (set by 'core.hookspath'; usually '.git/hooks').",
        "",
    ),
    (
        r#"echo >&2 "\n"#,
        "the '{}' file in the hooks directory (set by 'core.hookspath'; usually '.git/hooks').",
        r"\n",
    ),
    (r#"echo >&2 "\n"#, "'.git/hooks/{}'.", r"\n"),
    (r#"echo >&2 "\n"#, ".git/hooks/{}.", r"\n"),
];

/// Whether the hook `name` is, to the byte, what Git LFS writes there.
pub fn is_of_lfs(name: &str, text: &[u8]) -> bool {
    let written = |(says, end, closes): &(&str, &str, &str)| {
        let whole = format!(
            "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || {{ {says}{LFS_SAYS}{end}{closes}\"; exit 2; }}\n\
             git lfs {{}} \"$@\"\n"
        );
        whole.replace("{}", name)
    };
    LFS_HOOKS.contains(&name) && LFS_ENDS.iter().any(|end| written(end).as_bytes() == text)
}

/// Where the user's own settings are, below the home.
const CONFIG: &str = ".config";

/// Whether a file that is not there could be made by nobody but the user: it would be right in the home or below
/// `.config`, on no way through a link or another repository, and not in this one.
pub fn is_the_users(home: Option<&Path>, file: &Path, inside: &Inside) -> bool {
    let Some(home) = home.and_then(|home| std::fs::canonicalize(home).ok()) else { return false };
    let Some(below) = below(&home, file) else { return false };
    let mut parts: Vec<_> = below.iter().collect();
    let name = parts.pop();
    let own = name.is_some() && parts.first().is_none_or(|first| *first == CONFIG);
    let mut at = home;
    for part in parts {
        at.push(part);
        let plain = match std::fs::symlink_metadata(&at) {
            Ok(found) => found.is_dir() && std::fs::symlink_metadata(at.join(".git")).is_err(),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        if !plain {
            return false;
        }
    }
    at.extend(name);
    // A link that leads to nothing is there.
    own && std::fs::symlink_metadata(&at).is_err() && !inside.holds(&at)
}

/// The plain way from the home, however that was written.
fn below(home: &Path, file: &Path) -> Option<PathBuf> {
    let plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    let from = file
        .ancestors()
        .skip(1)
        .find(|above| std::fs::canonicalize(above).is_ok_and(|at| at == home));
    let below = file.strip_prefix(from?).ok()?;
    plain(below).then(|| below.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn trust_alarms_a_bare_name_of_everybodys_program_is_known() {
        for (key, value, neighbours) in [
            (
                "core.pager",
                "less",
                &[
                    "less -R",
                    "./less",
                    "/usr/bin/less",
                    "less;evil",
                    "LESS",
                    " less",
                    "lesss",
                    "delta",
                    "!less",
                ][..],
            ),
            ("core.editor", "vim", &["vim -S evil", "bin/vim", "vim\n", "code", "evil"]),
            ("sequence.editor", "nano", &["nano --rcfile=x", "sed -i s/a/b/"]),
            ("pager.log", "cat", &["cat | evil", "evil"]),
        ] {
            assert_eq!(program(key, value), Some(value), "{key}");
            for neighbour in neighbours {
                assert_eq!(program(key, neighbour), None, "{key} = {neighbour}");
            }
        }
        for key in
            ["core.sshcommand", "core.askpass", "diff.external", "core.fsmonitor", "gpg.program"]
        {
            assert_eq!(program(key, "less"), None, "{key}");
        }
    }

    #[test]
    fn trust_alarms_hooks_of_lfs_are_known_to_the_byte() {
        let path = "This repository is configured for Git LFS but 'git-lfs' was not found on your path. If you no longer wish to use Git LFS, remove this hook by deleting";
        let new = format!(
            "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || {{ printf >&2 \"\\n%s\\n\\n\" \"{path} the 'pre-push' file in the hooks directory (set by 'core.hookspath'; usually '.git/hooks').\"; exit 2; }}\ngit lfs pre-push \"$@\"\n"
        );
        let old = format!(
            "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || {{ echo >&2 \"\\n{path} .git/hooks/pre-push.\\n\"; exit 2; }}\ngit lfs pre-push \"$@\"\n"
        );
        for text in [&new, &old] {
            assert!(is_of_lfs("pre-push", text.as_bytes()), "{text}");
            assert!(is_of_lfs("post-merge", text.replace("pre-push", "post-merge").as_bytes()));
            for (name, neighbour) in [
                ("post-commit", text.clone()),
                ("pre-commit", text.replace("pre-push", "pre-commit")),
                ("pre-push", format!("{text}evil\n")),
                ("pre-push", format!("{text}\n")),
                ("pre-push", text.trim_end().to_owned()),
                ("pre-push", text.replace("git lfs", "git  lfs")),
                ("pre-push", text.replace("exit 2", "exit 0")),
                ("pre-push", text.replace("longer", "longer$(evil)")),
                ("pre-push", text.replace("#!/bin/sh", "#!./sh")),
            ] {
                assert!(!is_of_lfs(name, neighbour.as_bytes()), "{name}: {neighbour}");
            }
        }
    }

    #[test]
    fn trust_alarms_a_missing_file_is_the_users_only_where_nobody_else_writes() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let root = home.join("project");
        for made in ["project/.git", "other/.git", ".config/git", ".config/dots/.git", ".local"] {
            fs::create_dir_all(home.join(made)).unwrap();
        }
        symlink("project", home.join(".config/link")).unwrap();
        symlink("gone", home.join(".dangling")).unwrap();
        fs::write(home.join(".there"), "").unwrap();
        let inside = Inside::of(&[&root]);
        let is = |path: &str| is_the_users(Some(&home), &home.join(path), &inside);
        for path in [".gitconfig-work", ".config/git/work", ".config/new/a/b", "work.cfg"] {
            assert!(is(path), "{path}");
        }
        for path in [
            "project/.gitconfig",
            "other/x",
            "fresh/x",
            ".local/x",
            ".config/dots/x",
            ".config/link/x",
            ".config/../project/x",
            ".config/git/../../project/x",
            ".dangling",
            ".there",
            "../x",
            "",
        ] {
            assert!(!is(path), "{path}");
        }
        assert!(!is_the_users(None, &home.join("x"), &inside));
        assert!(!is_the_users(Some(&home), Path::new("/x"), &inside));
        assert!(!is_the_users(Some(&root), &root.join("x"), &inside), "the home is the repository");
    }
}
