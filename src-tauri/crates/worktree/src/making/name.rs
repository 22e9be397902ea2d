//! Names of worktrees: readable, safe as directory and as branch, never taken twice.

use crate::limits::NAME_MAX_CHARS;

/// `hint` as lower-case words joined by dashes; none when nothing of it is left.
pub(crate) fn slug(hint: &str) -> Option<String> {
    let mut out = String::new();
    for c in hint.chars() {
        if out.len() >= NAME_MAX_CHARS {
            break;
        }
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-');
    // git refuses branches that end in `.lock`; dots never get here.
    (!out.is_empty()).then(|| out.to_owned())
}

/// The `n`th try for `name`: itself, then `-2`, `-3`, ….
pub(crate) fn numbered(name: &str, n: u32) -> String {
    if n <= 1 { name.to_owned() } else { format!("{name}-{n}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_paths_and_branches() {
        for (hint, expected) in [
            ("Fix the login test", Some("fix-the-login-test")),
            ("../../etc/passwd", Some("etc-passwd")),
            ("a..b~c^d:e.lock", Some("a-b-c-d-e-lock")),
            ("日本", None),
            ("--force", Some("force")),
            ("", None),
        ] {
            assert_eq!(slug(hint).as_deref(), expected, "{hint:?}");
        }
        assert!(slug(&"long words ".repeat(20)).unwrap().len() <= NAME_MAX_CHARS);
        assert_eq!((numbered("a", 1), numbered("a", 3)), ("a".into(), "a-3".into()));
    }
}
