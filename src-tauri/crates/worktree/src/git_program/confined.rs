//! Which values a repository's own settings may have.
//!
//! Promise: what passes stays below the checkout, is one name and never an option or a pattern; every
//! refusal says what is wrong in words that finish "… was passed over: ".
//! Must not know: which file said it.

use nightshift_model::visible::is_hidden;
use std::path::{Component, Path};

/// Characters that git's patterns give a meaning.
const GLOB: &[char] = &['*', '?', '[', ']', '\\'];
/// Not allowed anywhere in a branch's name: see `git check-ref-format`.
const NO_REF: &[char] = &[' ', '~', '^', ':', '?', '*', '[', '\\'];

/// A directory for worktrees, relative to the checkout.
pub(crate) fn directory(text: &str) -> Result<(), &'static str> {
    let unreadable = |c: char| c.is_control() || is_hidden(c);
    if text.chars().any(unreadable) {
        return Err("it holds a control character or one that is not seen");
    }
    if text.contains(GLOB) {
        return Err("it holds a character of patterns");
    }
    if text.starts_with('~') {
        return Err("it is not below the checkout");
    }
    let mut parts = 0;
    for part in Path::new(text).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) if is_git(&name.to_string_lossy()) => {
                return Err("it is inside the repository's own files");
            }
            Component::Normal(_) => parts += 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err("it is not below the checkout");
            }
        }
    }
    if parts == 0 { Err("it names no directory") } else { Ok(()) }
}

/// `.git` as file systems that fold case or drop dots and blanks know it.
fn is_git(name: &str) -> bool {
    let lower = name.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    lower == ".git" || lower == "git~1"
}

/// What a branch's name begins with.
pub(crate) fn branch_prefix(text: &str) -> Result<(), &'static str> {
    if text.starts_with(['-', '/']) {
        return Err("no branch begins so");
    }
    if text.chars().any(|c| c.is_control() || is_hidden(c) || NO_REF.contains(&c)) {
        return Err("it holds a character that no branch has");
    }
    let wrong = |part: &str| part.starts_with('.') || part.ends_with(".lock");
    let parts = text.strip_suffix('/').unwrap_or(text).split('/');
    let empty = !text.is_empty() && parts.clone().any(str::is_empty);
    if text.contains("..") || text.contains("@{") || empty || parts.clone().any(wrong) {
        return Err("no branch is named so");
    }
    Ok(())
}

/// A branch, tag or commit.
pub(crate) fn base(text: &str) -> Result<(), &'static str> {
    match text.chars().any(|c| c.is_control() || is_hidden(c)) {
        true => Err("it holds a control character or one that is not seen"),
        false if text.is_empty() || text.starts_with('-') => Err("no commit is named so"),
        false => Ok(()),
    }
}

/// `directory` as one line of an exclude file; none where such a line cannot name it.
pub(crate) fn exclude_line(directory: &Path) -> Option<String> {
    let text = directory.to_str().filter(|text| !text.chars().any(char::is_control))?;
    let plain: Vec<_> = Path::new(text)
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    if plain.is_empty() {
        return None;
    }
    let mut line = String::from("/");
    for c in plain.join("/").chars() {
        if GLOB.contains(&c) || c == ' ' {
            line.push('\\');
        }
        line.push(c);
    }
    Some(line + "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_05_values_of_a_repository_stay_inside() {
        for fine in [".trees", ".claude/worktrees", "./a/b", "build dir", "日本"] {
            assert_eq!(directory(fine), Ok(()), "{fine}");
        }
        let escapes = ["/tmp/x", "../x", "a/../../x", "~/x", "", ".", "./"];
        let syntax = ["x\n*", "x\r", "a\0b", "*", "a[b]", "a?", "a\\b", "a\u{202e}b", "a\u{200b}"];
        let git = [".git", ".git/hooks", "a/.GIT/x", ".git./x", "git~1/x", ".git /x"];
        for bad in escapes.iter().chain(&syntax).chain(&git) {
            assert!(directory(bad).is_err(), "{bad:?}");
        }
        for fine in ["", "worktree-", "theirs/", "a/b-", "me@x/"] {
            assert_eq!(branch_prefix(fine), Ok(()), "{fine}");
        }
        for bad in [
            "-x", "--help/", "/a", "a..b", "a b", "a\nb", ".a/", "a/.b", "a@{", "x.lock/", "a//b",
            "a~",
        ] {
            assert!(branch_prefix(bad).is_err(), "{bad:?}");
        }
        for bad in ["-x", "--upload-pack=x", "", "a\nb"] {
            assert!(base(bad).is_err(), "{bad:?}");
        }
        assert_eq!(base("origin/main~2"), Ok(()));
    }

    #[test]
    fn security_05_a_name_never_becomes_a_pattern() {
        let line = |text: &str| exclude_line(Path::new(text));
        assert_eq!(line(".claude/worktrees").as_deref(), Some("/.claude/worktrees/"));
        assert_eq!(line("./a*b ").as_deref(), Some("/a\\*b\\ /"));
        assert_eq!(line("a[b]?\\").as_deref(), Some("/a\\[b\\]\\?\\\\/"));
        assert_eq!(line("a\n*"), None);
        assert_eq!(line("."), None);
    }
}
