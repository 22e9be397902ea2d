//! `$HOME` in a command of the user's settings, which is how scripts of one's own are often named.
//!
//! Promise: a text comes back with the home in place of the variable only where that is just what a shell makes of it.
//! Must not know: whether the command is followed.

use std::path::Path;

/// `text` with the user's home in the place of `$HOME`, as a shell puts it there: nothing of a home of plain
/// characters is more than part of a word, in quotes and outside of them.
pub(crate) fn with_home(text: &str, home: Option<&Path>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@+=:,./-".contains(c);
    let home = home.and_then(Path::to_str);
    let home = home.filter(|home| home.starts_with('/') && home.chars().all(plain));
    let Some(home) = home.filter(|_| text.contains("HOME")) else { return text.to_owned() };
    let (mut out, mut quote) = (String::with_capacity(text.len()), None);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let named = match quote {
            Some('\'') => None,
            _ => behind_home(rest),
        };
        if let Some(length) = named {
            out.push_str(home);
            at += length;
            continue;
        }
        // What follows is no variable.
        if c == '\\' && quote != Some('\'') {
            let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..length]);
            at += length;
            continue;
        }
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        out.push(c);
        at += c.len_utf8();
    }
    out
}

/// How long the name of the home is that `text` begins with: `$HOME` or `${HOME}`.
fn behind_home(text: &str) -> Option<usize> {
    if text.starts_with("${HOME}") {
        return Some("${HOME}".len());
    }
    let rest = text.strip_prefix("$HOME")?;
    let goes_on = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (!goes_on).then_some("$HOME".len())
}

#[cfg(test)]
mod tests {
    use crate::git_program::belonging::Ground;
    use crate::git_program::plain_command::{Starts, stays_outside};
    use std::ffi::OsStr;
    use std::path::Path;

    /// A repository in `at`, of a user whose home is `home` there.
    fn ground(at: &Path, home: &str) -> Ground {
        for made in ["repo/.git/objects", "repo/tools", &format!("{home}/bin")] {
            std::fs::create_dir_all(at.join(made)).unwrap();
        }
        let env = [(OsStr::new("HOME").to_owned(), at.join(home).into())].into();
        Ground::of(&[&at.join("repo")], &env)
    }

    #[test]
    fn security_04_a_script_below_the_home_is_followed_as_one_below_a_tilde() {
        let dir = tempfile::tempdir().unwrap();
        let at = std::fs::canonicalize(dir.path()).unwrap();
        let ground = ground(&at, "home");
        std::os::unix::fs::symlink(at.join("repo/tools/x"), at.join("home/bin/link")).unwrap();
        let followed = [
            "$HOME/bin/clean %f",
            "\"$HOME\"/bin/clean",
            "\"$HOME/bin/clean\" %f",
            "${HOME}/bin/clean --mode fast",
            "\"${HOME}\"/bin/clean | cat",
            "python3 -I $HOME/bin/clean.py",
            "gpg --homedir=$HOME/gnupg -e -r me",
            "/usr/bin/openssl enc -d -base64 -aes-256-ecb -pass file:$HOME/key",
        ];
        let not_followed = [
            "$HOME/../repo/tools/x",
            "$HOME/bin/link",
            "$HOMES/bin/clean",
            "${HOME:-.}/bin/clean",
            "'$HOME'/bin/clean",
            "x$HOME/bin/clean",
            "HOME=tools; $HOME/x",
            "HOME=tools $HOME/bin/clean",
            "printf -v HOME tools; $HOME/bin/clean",
            "/usr/bin/printf %s x | $HOME/bin/clean",
            "$HOME/bin/clean tools/x",
            "$HOME/bin/make",
            "\"\\$HOME/bin/clean\"",
            "\\$HOME/bin/clean",
        ];
        for (values, expected) in [(&followed[..], true), (&not_followed[..], false)] {
            for value in values {
                let found = stays_outside(&ground, Starts::Command, value.as_bytes());
                assert_eq!(found, expected, "{value}");
            }
        }
        for starts in [Starts::Program, Starts::Words, Starts::Helper] {
            assert!(
                !stays_outside(&ground, starts, b"$HOME/bin/x"),
                "{starts:?}: no shell reads it"
            );
        }
        assert!(stays_outside(&ground, Starts::Helper, b"!$HOME/bin/x"));
    }

    /// What a shell would take apart is no place, and a script in the repository is none of the user's.
    #[test]
    fn security_04_a_home_of_odd_characters_and_a_repository_below_it_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let at = std::fs::canonicalize(dir.path()).unwrap();
        let above = ground(&at, ".");
        for value in ["$HOME/repo/tools/x", "\"$HOME\"/repo/tools/x %f", "$HOME/./repo/tools/x"] {
            assert!(!stays_outside(&above, Starts::Command, value.as_bytes()), "{value}");
        }
        for (home, expected) in [("home", true), ("my home", false), ("a*", false), ("a%f", false)]
        {
            let ground = ground(&at, home);
            for value in ["$HOME/bin/x %f", "\"$HOME\"/bin/x", "\"${HOME}/bin/x\""] {
                let found = stays_outside(&ground, Starts::Command, value.as_bytes());
                assert_eq!(found, expected, "{home}: {value}");
            }
        }
    }
}
